#include "tools/cli/target.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace ek::cli {

Result<void> add_network_option(NetworkOptions& options, std::string_view text) {
  const auto equals = text.find('=');
  if (equals != std::string_view::npos)
    return set_network_option(options, text.substr(0, equals), text.substr(equals + 1));
  return Error{.code = ErrorCode::invalid_request,
               .phase = Phase::request,
               .message = fmt::format("expected KEY=VALUE, got \"{}\"; keys are {}",
                                      printable(clip(text, 40)), network_option_names())};
}

}  // namespace ek::cli
