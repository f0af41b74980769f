#include "wire/whole_body.hpp"

#include "wire/errors.hpp"

namespace ek::wire {

void WholeBodyDecoder::append(std::string_view bytes, bool last) {
  last_ = last_ || last;
  too_large_ = too_large_ || bytes.size() > max_frame_bytes_ - body_.size();
  if (!too_large_) body_ += bytes;
}

Result<std::optional<Frame>> WholeBodyDecoder::next() {
  if (too_large_) return too_large("the body", max_frame_bytes_);
  if (!last_ || given_) return std::optional<Frame>();
  given_ = true;
  return std::optional(Frame{.data = body_});
}

}  // namespace ek::wire
