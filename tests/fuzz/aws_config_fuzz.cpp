#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "signing/aws/profile_chain.hpp"

namespace {

// The input as both files. What comes out is read as the library reads it, and an error shows no
// text of the file.
void run(std::string_view config, std::string_view credentials) {
  const auto parsed = ek::parse_aws_config({"config", config}, {"credentials", credentials});
  if (!parsed) {
    if (parsed.error().message.find(", line ") == std::string::npos) std::abort();
    return;
  }
  for (const auto& [name, section] : parsed->profiles) {
    if (name.empty()) std::abort();
    (void)ek::resolve_profile(*parsed, name);
  }
  for (const auto& [name, section] : parsed->services)
    (void)ek::nested_property(section, "sts", "endpoint_url");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // char may alias any bytes.
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  run(input, "");
  run("", input);
  run(input, input);
  return 0;
}
