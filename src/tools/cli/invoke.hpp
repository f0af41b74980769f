// endpointkit invoke: bytes in, bytes out.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "endpointkit/endpoint.hpp"
#include "tools/cli/output.hpp"

namespace ek::cli {

struct InvokeArguments {
  std::string uri{};
  std::string body{};  ///< The text itself, @FILE, or @- for standard input.
  std::string content_type = "application/json";
  std::string accept{};
  std::vector<std::string> headers{};  ///< "Name: value"
  bool stream = false;
  EndpointOptions options{};
  NetworkOptions network{};
};

/// Writes the answer's bytes to `out`, as they come if `stream`.
ExitCode invoke_command(const InvokeArguments& arguments, std::istream& in, std::ostream& out,
                        std::ostream& err);

/// What `text` stands for: itself, the file behind '@', or all of `in` for "@-".
Result<std::string> read_argument(const std::string& text, std::istream& in);

}  // namespace ek::cli
