#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "signing/aws/sts.hpp"
#include "signing/aws/xml_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias any bytes.
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto keys = ek::parse_sts_reply(input);
  if (keys && (keys->keys.session_token.empty() || !keys->expires)) std::abort();
  (void)ek::xml_text(input, "ErrorResponse/Error/Message");
  return 0;
}
