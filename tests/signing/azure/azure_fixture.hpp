// What the tests of Azure identities share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/uri.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {

constexpr const char* azure_url = "https://e.inference.ml.azure.com/score";

inline Result<std::vector<Header>> sign(const Bench& bench, const Identity& identity,
                                        const SigningScope& scope = azure_scope(),
                                        std::stop_token stop = {}) {
  const auto signer = identity.signer_for(scope, bench.services());
  if (!signer) return signer.error();
  return (*signer)->sign({.url = azure_url}, bench.context(std::move(stop)));
}

using Pairs = std::vector<std::pair<std::string, std::string>>;
inline Pairs form_of(const HttpRequest& request) {
  return parse_uri("x://h?" + request.body).value().query;
}
inline Pairs query_of(const HttpRequest& request) { return parse_uri(request.url).value().query; }
inline std::string value_of(const Pairs& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) return value;
  }
  return {};
}

inline ScriptedReply token_reply(const std::string& token = "t") {
  return {.body = {R"({"token_type":"Bearer","expires_in":3599,"access_token":")" + token + "\"}"}};
}

}  // namespace ek::test
