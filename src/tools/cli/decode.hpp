// endpointkit decode: what a recorded body says, event by event, without any network.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

namespace ek::cli {

struct DecodeArguments {
  std::string wire = "auto";     ///< As parse_wire() reads it.
  std::string dialect = "auto";  ///< Also by other names: "openai-chat", "tgi-generate".
  std::size_t chunk = 65536;     ///< Bytes fed at a time; the output does not depend on it.
};

/// Prints a JSON line for each event (dialect/json_text.hpp) and a last line
/// {"final": {…}, "error": {…}}: the answer (final_answer.hpp), and, if one ended it, the Error.
/// Gives 0 if the body was decoded, whatever it says; 2 if the arguments are wrong or `in` cannot
/// be read.
int run_decode(const DecodeArguments& arguments, std::istream& in, std::ostream& out,
               std::ostream& err);

}  // namespace ek::cli
