#include "tools/cli/output.hpp"

#include <ostream>

#include "dialect/json_text.hpp"

namespace ek::cli {

ExitCode exit_code(const Error& error) noexcept {
  if (error.code == ErrorCode::cancelled) return interrupted;
  if (error.phase == Phase::request) return user_error;
  const bool provider_spoke = error.http_status != 0 || !error.provider_code.empty();
  if (provider_spoke) return provider_error;
  switch (error.code) {
    case ErrorCode::transport:
    case ErrorCode::timeout:
    case ErrorCode::truncated:
      return transport_error;
    default:
      return error.phase == Phase::credentials ? user_error : provider_error;
  }
}

ExitCode report(const Error& error, bool json, std::ostream& err) {
  if (json) {
    err << "{\"error\":" << dialect::to_json(error) << "}\n";
  } else {
    err << "error: " << describe(error) << '\n';
    if (error.retryable) err << "       trying again later can help\n";
    if (error.output_delivered) err << "       what is shown above is not the whole answer\n";
  }
  return exit_code(error);
}

int finish(int code, std::ostream& out, std::ostream& err) {
  if (out.flush()) return code;
  err << "error: the output could not be written: is the disk full, or was it closed?\n";
  return code == success ? unwritten : code;
}

}  // namespace ek::cli
