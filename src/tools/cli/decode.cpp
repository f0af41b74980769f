#include "tools/cli/decode.hpp"

#include <istream>
#include <optional>
#include <ostream>

#include "dialect/json_text.hpp"
#include "endpointkit/ext/decoder.hpp"
#include "tools/cli/final_answer.hpp"
#include "tools/cli/output.hpp"

namespace ek::cli {
namespace {

Result<ChatDecoder> make_decoder(const DecodeArguments& arguments) {
  const auto wire = parse_wire(arguments.wire);
  if (!wire) {
    return Error{.code = ErrorCode::invalid_request,
                 .message = "no wire is called '" + arguments.wire +
                            "'; known are auto, sse, ndjson, json-array, json, eventstream"};
  }
  return ChatDecoder::create({.wire = *wire, .dialect = arguments.dialect});
}

// Prints all events that are there; true if that was all of the answer.
bool drain(ChatDecoder& decoder, FinalAnswer& answer, std::optional<Error>& error,
           std::ostream& out) {
  while (true) {
    auto event = decoder.next();
    if (!event) {
      error = std::move(event).error();
      return true;
    }
    if (!*event) return false;
    answer.add(**event);
    out << dialect::to_json(**event) << '\n';
    if ((*event)->get_if<Finished>() != nullptr) return true;
  }
}

}  // namespace

int run_decode(const DecodeArguments& arguments, std::istream& in, std::ostream& out,
               std::ostream& err) {
  auto decoder = make_decoder(arguments);
  if (!decoder) return report(decoder.error(), false, err);
  FinalAnswer answer;
  std::optional<Error> error;
  std::string buffer(arguments.chunk == 0 ? std::size_t{65536} : arguments.chunk, '\0');
  for (bool last = false, over = false; !last && !over;) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    last = !in.good();
    if (in.bad() || (last && !in.eof())) {
      err << "error: the recording cannot be read\n";
      return user_error;
    }
    decoder->append(std::string_view(buffer).substr(0, static_cast<std::size_t>(in.gcount())),
                    last);
    over = drain(*decoder, answer, error, out);
  }
  const Error* ended_by = error ? &*error : nullptr;
  out << "{\"final\":" << answer.text(decoder->reply(), ended_by);
  if (error) out << ",\"error\":" << dialect::to_json(*error);
  out << "}\n";
  return success;
}

}  // namespace ek::cli
