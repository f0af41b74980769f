// What the tests of this layer share: files, services without a network, and a way to sign.
#pragma once

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "signing/token_cache.hpp"
#include "support/fake_transport.hpp"
#include "support/matchers.hpp"
#include "support/test_data.hpp"
#include "support/test_environment.hpp"

namespace ek::test {

inline std::string data_file(const std::string& name) {
  std::ifstream file(test_data() + '/' + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

/// A client's services around a scripted transport and a manual clock.
struct Bench {
  explicit Bench(World world = {}) : environment(make_environment(clock, std::move(world))) {}

  [[nodiscard]] SigningServices services() const {
    return {.transport = transport, .environment = environment, .tokens = tokens};
  }
  /// For a fetch that may take a minute.
  [[nodiscard]] SignContext context(std::stop_token stop = {}) const {
    return {.deadline = clock->steady_now() + std::chrono::minutes(1), .stop = std::move(stop)};
  }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<FakeTransport> transport = std::make_shared<FakeTransport>(clock);
  std::shared_ptr<const Environment> environment;
  std::shared_ptr<TokenCache> tokens = make_token_cache();
};

inline SigningScope sagemaker_scope() {
  return {.aws_service = "sagemaker", .aws_region = "us-east-1", .service = "SageMaker"};
}
inline SigningScope vertex_scope() {
  return {.google_scope = "https://www.googleapis.com/auth/cloud-platform", .service = "Vertex AI"};
}
inline SigningScope azure_scope() {
  return {
      .entra_scope = "https://ml.azure.com/.default", .accepts_key = true, .service = "Azure ML"};
}

inline const Header* header(const std::vector<Header>& headers, std::string_view name) {
  for (const Header& candidate : headers) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

inline std::string json_escape(std::string text) {
  std::string out;
  for (const char c : text) c == '\n' ? out += "\\n" : out += c;
  return out;
}
/// The text of a service-account key file around the test key.
inline std::string service_account_json(const std::string& replace = "",
                                        const std::string& with = "") {
  std::string text = R"({"type":"service_account","project_id":"p","private_key_id":"kid-1",)"
                     R"("private_key":")" +
                     json_escape(data_file("keys/rsa_pkcs8.pem")) +
                     R"(","client_email":"robot@p.iam.gserviceaccount.com",)"
                     R"("token_uri":"https://oauth2.googleapis.com/token"})";
  if (!replace.empty()) text.replace(text.find(replace), replace.size(), with);
  return text;
}

}  // namespace ek::test
