// What the tests of this layer do to an exchange.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "endpointkit/ext/transport.hpp"
#include "http/curl_transport.hpp"

namespace ek::testing {

/// Far enough that only a bug gets there.
SteadyTime far();

struct Outcome {
  std::optional<HttpHead> head{};
  std::string body{};
  std::optional<Error> error{};
  bool sent = false;
};

/// Waits until the predicate holds; false at far().
bool drive(Lane& lane, const std::function<bool()>& done);
/// Reads an exchange to its end.
Outcome finish(Lane& lane, Exchange& exchange);
Outcome run(Lane& lane, HttpRequest request, const TransferOptions& options = {});
/// A POST of `body`.
HttpRequest post(std::string url, std::string body = "{}");

/// No variables, no files, no proxy.
HttpOptions bare_options();
/// The same, with one more file.
HttpOptions with_file(HttpOptions options, std::string name, std::string text);
/// The same, with other variables.
HttpOptions with_variables(HttpOptions options, std::map<std::string, std::string> variables);
/// The bare ones, with `pem` in a file "test.pem" that is trusted.
HttpOptions trusting(std::string pem);

}  // namespace ek::testing
