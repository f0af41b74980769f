// What can go wrong, and what do I do about it? One code per thing that a caller would do
// differently.
#include <endpointkit/endpointkit.hpp>
#include <iostream>

namespace {

const char* advice(const ek::Error& error) {
  switch (error.code) {
    case ek::ErrorCode::authentication:
      return "check which credentials were found, and the clock of this machine";
    case ek::ErrorCode::permission:
      return "ask for access";
    case ek::ErrorCode::rate_limit:
    case ek::ErrorCode::unavailable:
      return error.retryable ? "come back later" : "ask for more quota";
    case ek::ErrorCode::context_length:
      return "drop the oldest messages";
    case ek::ErrorCode::truncated:
      return "what was shown is not the whole answer";
    case ek::ErrorCode::transport:
    case ek::ErrorCode::timeout:
      return error.retryable ? "try again" : "try again, if it may cost twice";
    default:
      return error.retryable ? "try again" : "change the request";
  }
}

int report(const ek::Error& error) {
  std::cerr << ek::describe(error) << "\n-> " << advice(error) << '\n';
  return error.code == ek::ErrorCode::authentication ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  // Somebody else's key: the endpoint opens (nothing is sent yet), the call is refused.
  const auto endpoint = ek::open(
      argv[1],
      ek::Credentials::aws_keys("AKIAIOSFODNN7EXAMPLE", ek::Secret("not-the-right-secret")));
  if (!endpoint) return report(endpoint.error());
  const auto reply = endpoint->chat({.messages = {ek::user("Hello!")}});
  if (!reply) return report(reply.error());
  std::cerr << "a wrong key was accepted\n";
  return 1;
}
