#include "wire/nested.hpp"

namespace ek::wire {

void NestedDecoder::append(std::string_view bytes, bool last) {
  last_ = last_ || last;
  outer_->append(bytes, last);
}

Result<std::optional<Frame>> NestedDecoder::next() {
  while (true) {
    Result<std::optional<Frame>> inner = inner_->next();
    if (!inner || *inner || outer_over_) return inner;
    Result<std::optional<Frame>> outer = outer_->next();
    if (!outer) return outer;
    if (!*outer) {
      if (!last_) return outer;
      outer_over_ = true;
      inner_->append({}, true);
      continue;
    }
    if ((*outer)->heartbeat || (*outer)->unframed) return outer;
    inner_->append((*outer)->data, false);
  }
}

}  // namespace ek::wire
