#include "tools/cli/output.hpp"

#include <ostream>

#include "dialect/json_text.hpp"

namespace ek::cli {

ExitCode exit_code(const Error& error) noexcept {
  if (error.code == ErrorCode::cancelled) return interrupted;
  if (error.phase == Phase::request) return user_error;
  if (error.code == ErrorCode::transport || error.code == ErrorCode::truncated)
    return transport_error;
  // What ends an answer carries the status that it began with, which is no word on the error.
  const bool provider_spoke = error.http_status >= 300 || !error.provider_code.empty();
  if (provider_spoke) return provider_error;
  if (error.code == ErrorCode::timeout) return transport_error;
  const bool nothing_sent = error.phase == Phase::credentials && error.http_status == 0;
  return nothing_sent ? user_error : provider_error;
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
