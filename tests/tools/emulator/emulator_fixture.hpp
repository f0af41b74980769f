// An emulator in this process at the time of a manual clock, and a client that proves itself to it.
#pragma once

#include <gtest/gtest.h>
#include <httplib.h>

#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/uri.hpp"
#include "signing/jwt.hpp"
#include "signing/sigv4.hpp"
#include "support/manual_clock.hpp"
#include "support/matchers.hpp"
#include "support/test_path.hpp"
#include "tools/emulator/emulator.hpp"

namespace ek::emulator {

using nlohmann::json;

/// What came back; status 0 if the exchange broke.
struct Got {
  int status = 0;
  httplib::Headers headers{};
  std::string body{};
  std::vector<std::string> chunks{};  ///< As they came.

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
  [[nodiscard]] json parsed() const { return json::parse(body, nullptr, false); }
};

/// How a request to SageMaker is signed; a test changes what it wants to be wrong.
struct AwsProof {
  AwsKeys keys{};
  std::string region = "us-east-1";
  std::string service = "sagemaker";
  std::chrono::seconds clock_offset{0};
  std::string body_to_sign{};  ///< If not empty, instead of the body that is sent.
};

class EmulatorTest : public testing::Test {
 protected:
  void SetUp() override { start({}); }

  void start(Options options) {
    options.now = [this] { return clock_.now(); };
    auto started = Emulator::start(std::move(options));
    ASSERT_THAT(started, test::IsOk());
    emulator_ = *std::move(started);
  }

  /// With the variables and files of that place of identity; no other test uses the folder.
  void start_at(const std::string& identity, Options options = {}) {
    options.identities = {identity};
    options.identity_folder = test::test_path("identity");
    start(std::move(options));
  }
  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file) << path;
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string variable(const std::string& name) const {
    const auto found = emulator_->environment().find(name);
    return found == emulator_->environment().end() ? "" : found->second;
  }

  Got send(const std::string& method, const std::string& path, const httplib::Headers& headers,
           const std::string& body) const {
    Got got;
    httplib::Client client("127.0.0.1", emulator_->port());
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.headers = headers;
    request.body = body;
    request.response_handler = [&](const httplib::Response& response) {
      got.status = response.status;
      got.headers = response.headers;
      return true;
    };
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t,
                                   std::uint64_t) {
      got.chunks.emplace_back(data, size);
      got.body.append(data, size);
      return true;
    };
    if (!client.send(request)) got.status = 0;
    return got;
  }
  Got post(const std::string& path, httplib::Headers headers, const std::string& body) const {
    headers.emplace("Content-Type", "application/json");
    return send("POST", path, headers, body);
  }
  static std::string encode_form(const std::map<std::string, std::string>& fields) {
    std::string form;
    for (const auto& [name, value] : fields) {
      form += (form.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(value);
    }
    return form;
  }
  Got post_form(const std::string& path, const std::map<std::string, std::string>& fields) const {
    return send("POST", path, {{"Content-Type", "application/x-www-form-urlencoded"}},
                encode_form(fields));
  }

  // AWS
  AwsProof aws_proof() const {
    return {.keys = {.access_key_id = variable("AWS_ACCESS_KEY_ID"),
                     .secret_access_key = Secret(variable("AWS_SECRET_ACCESS_KEY")),
                     .session_token = Secret(variable("AWS_SESSION_TOKEN"))}};
  }
  httplib::Headers aws_headers(const AwsProof& proof, const std::string& path,
                               const std::string& body, const std::string& type) const {
    Sha256 sha;
    const HttpRequest request{.url = emulator_->base_url() + path,
                              .headers = {{"Content-Type", type}},
                              .body = proof.body_to_sign.empty() ? body : proof.body_to_sign};
    const auto time = std::chrono::floor<std::chrono::seconds>(clock_.now()) + proof.clock_offset;
    const SigV4Trace trace =
        sign_sigv4(sha, sigv4_request(request).value(),
                   make_sigv4_context(sha, proof.keys, proof.region, proof.service, time), {});
    httplib::Headers headers = {{"Content-Type", type}};
    for (const Header& header : trace.headers) headers.emplace(header.name, header.value);
    return headers;
  }
  Got invoke(const AwsProof& proof, const std::string& path, const std::string& body,
             const std::string& type = "application/json") const {
    return send("POST", path, aws_headers(proof, path, body, type), body);
  }
  Got invoke(const std::string& path, const std::string& body) const {
    return invoke(aws_proof(), path, body);
  }

  // Google
  json google_claims() const {
    const json key = json::parse(emulator_->google_key_json().reveal());
    const auto now = std::chrono::system_clock::to_time_t(clock_.now());
    return {{"iss", key["client_email"]},
            {"sub", key["client_email"]},
            {"scope", "https://www.googleapis.com/auth/cloud-platform"},
            {"aud", key["token_uri"]},
            {"iat", now},
            {"exp", now + 3600}};
  }
  std::string google_jwt(const json& claims) const {
    const json key = json::parse(emulator_->google_key_json().reveal());
    const auto parsed = RsaPrivateKey::parse(key["private_key"].get<std::string>());
    return make_jwt(key["private_key_id"].get<std::string>(), claims.dump(), parsed.value())
        .value();
  }
  Got grant(const json& claims) const {
    return post_form("/token", {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                                {"assertion", google_jwt(claims)}});
  }
  std::string google_token() const {
    return grant(google_claims()).parsed()["access_token"].get<std::string>();
  }

  // Azure
  std::map<std::string, std::string> entra_form() const {
    return {{"grant_type", "client_credentials"},
            {"client_id", variable("AZURE_CLIENT_ID")},
            {"client_secret", variable("AZURE_CLIENT_SECRET")},
            {"scope", "https://ml.azure.com/.default"}};
  }
  Got entra(const std::map<std::string, std::string>& form) const {
    return post_form("/" + variable("AZURE_TENANT_ID") + "/oauth2/v2.0/token", form);
  }
  std::string azure_token() const {
    return entra(entra_form()).parsed()["access_token"].get<std::string>();
  }

  static httplib::Headers bearer(const std::string& token) {
    return {{"Authorization", "Bearer " + token}};
  }
  json count(const std::string& endpoint) const {
    return json::parse(emulator_->stats_json())["endpoints"][endpoint];
  }

  test::ManualClock clock_;
  std::unique_ptr<Emulator> emulator_;
};

/// The bodies of `data:` lines.
inline std::vector<std::string> events_of(const std::string& body) {
  std::vector<std::string> events;
  std::size_t at = 0;
  while ((at = body.find("data:", at)) != std::string::npos) {
    const auto end = body.find_first_of("\r\n", at);
    const auto begin = body.find_first_not_of(' ', at + 5);
    events.push_back(body.substr(begin, end - begin));
    at = end;
  }
  return events;
}

inline const std::string hello =
    R"({"messages":[{"role":"user","content":"Tell me of lighthouses"}]})";
inline const std::string hello_stream =
    R"({"messages":[{"role":"user","content":"Tell me of lighthouses"}],"stream":true,)"
    R"("stream_options":{"include_usage":true}})";

}  // namespace ek::emulator
