// Each place where the library can find an identity, over real sockets: the emulator gives its
// variables and files, and its own verification decides whether the call is believed.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "endpointkit/endpoint.hpp"
#include "endpointkit/ext/environment.hpp"
#include "support/test_data.hpp"
#include "support/test_path.hpp"
#include "tools/emulator/emulator.hpp"
#include "tools/emulator/tls.hpp"

namespace ek {
namespace {

using emulator::Emulator;
using testing::HasSubstr;

struct Place {
  const char* identity;
  const char* cloud;  // of the URI's variable
  const char* link;   // the link of the chain that answers
  const char* named;  // a part of who it says one is
};
void PrintTo(const Place& place, std::ostream* out) { *out << place.identity; }

class IdentityEndToEnd : public testing::TestWithParam<Place> {
 protected:
  void SetUp() override {
    folder_ = test::test_path("identity");
    std::string key_file = folder_ + ".google.json";
    emulator::Options options{.google_key_file = key_file,
                              .identities = {GetParam().identity},
                              .identity_folder = folder_,
                              .entra_certificate = write_certificate()};
    auto started = Emulator::start(std::move(options));
    ASSERT_TRUE(started) << describe(started.error());
    emulator_ = *std::move(started);
    variables_ = emulator_->environment();
    variables_.try_emplace("HOME", folder_);  // not that of whoever runs the test
    variables_["PATH"] = "";                  // nor its programs
  }
  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file) << path;
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::string write_certificate() const {
    const std::string keys = test::test_data() + "/keys/";
    const std::string path = folder_ + ".certificate.pem";
    EXPECT_TRUE(emulator::write_private_file(
        path, read(keys + "rsa_pkcs8.pem") + read(keys + "client_certificates.pem")));
    return path;
  }
  // A client that finds the emulator by its variables, as an application would.
  [[nodiscard]] Endpoint open() const {
    Environment environment = system_environment();
    environment.variable = [variables =
                                variables_](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
    // Azure Arc's agent keeps its key where only root can write.
    environment.read_file = [read_file = environment.read_file, key = emulator_->arc_key()](
                                const std::string& path) -> Result<std::string> {
      if (path == "/var/opt/azcmagent/tokens/emulator.key") return key.reveal();
      return read_file(path);
    };
    const Client client({.environment = std::make_shared<const Environment>(environment)});
    return client.open(variables_.at(std::string("ENDPOINTKIT_") + GetParam().cloud + "_URI"))
        .value();
  }

  std::string folder_;
  std::unique_ptr<Emulator> emulator_;
  std::map<std::string, std::string> variables_;
};

const ChatRequest question{.messages = {user("Tell me about bridges.")}};

TEST_P(IdentityEndToEnd, IsFoundAndBelieved) {
  const Endpoint endpoint = open();
  for (int call = 0; call < 2; ++call) {
    const auto reply = endpoint.chat(question);
    ASSERT_TRUE(reply) << describe(reply.error());
    EXPECT_THAT(reply->text(), HasSubstr("bridges"));
  }
}

TEST_P(IdentityEndToEnd, IsExplained) {
  const auto report = open().explain_credentials();
  ASSERT_TRUE(report) << describe(report.error());
  ASSERT_FALSE(report->error) << describe(*report->error);
  const CredentialReport::Link* answered = nullptr;
  for (const CredentialReport::Link& link : report->links) {
    if (link.outcome == CredentialReport::Outcome::answered) answered = &link;
    if (answered == nullptr) {
      EXPECT_EQ(link.outcome, CredentialReport::Outcome::not_configured) << link.name;
      EXPECT_NE(link.message, "") << link.name;
    }
  }
  ASSERT_NE(answered, nullptr);
  EXPECT_THAT(answered->name, HasSubstr(GetParam().link));
  EXPECT_THAT(report->identity, HasSubstr(GetParam().named));
  ASSERT_TRUE(report->expires);
  EXPECT_GT(*report->expires, std::chrono::system_clock::now());
}

// ---- What must not be believed, in a handshake

class Handshake : public testing::Test {
 protected:
  void start(const std::string& identity) {
    const std::string folder = test::test_path("identity");
    auto started = Emulator::start({.identities = {identity}, .identity_folder = folder});
    ASSERT_TRUE(started) << describe(started.error());
    emulator_ = *std::move(started);
    variables_ = emulator_->environment();
    variables_.try_emplace("HOME", folder);
  }
  [[nodiscard]] Result<ChatReply> ask(const std::string& cloud) const {
    Environment environment = system_environment();
    environment.variable = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    };
    const Client client({.retry = {.max_attempts = 1},
                         .environment = std::make_shared<const Environment>(environment)});
    return client.open(variables_.at("ENDPOINTKIT_" + cloud + "_URI")).value().chat(question);
  }

  std::unique_ptr<Emulator> emulator_;
  std::map<std::string, std::string> variables_;
};

TEST_F(Handshake, WithAServiceFabricOfAnotherThumbprintSendsItNoSecret) {
  start("service-fabric");
  std::string& thumbprint = variables_["IDENTITY_SERVER_THUMBPRINT"];
  const std::string right = thumbprint;
  thumbprint[0] = thumbprint[0] == '0' ? '1' : '0';
  const auto reply = ask("AZUREML");
  ASSERT_FALSE(reply);
  EXPECT_THAT(describe(reply.error()), HasSubstr("IDENTITY_SERVER_THUMBPRINT"));
  EXPECT_THAT(emulator_->stats_json(), HasSubstr("\"entra\": 0"));
  thumbprint = right;
  EXPECT_TRUE(ask("AZUREML"));
}

TEST_F(Handshake, WithACertificateThatThePoolDoesNotKnowGetsNoToken) {
  start("external-account-x509");
  const Result<emulator::TlsCertificate> stranger = emulator::make_tls_certificate("stranger");
  ASSERT_TRUE(stranger);
  const std::string config = variables_.at("GOOGLE_API_CERTIFICATE_CONFIG");
  const std::string folder = config.substr(0, config.rfind('/'));
  ASSERT_TRUE(emulator::write_private_file(folder + "/workload.pem", stranger->certificate_pem));
  ASSERT_TRUE(emulator::write_private_file(folder + "/workload.key", stranger->key_pem.reveal()));
  const auto reply = ask("VERTEX");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::authentication);
  EXPECT_THAT(reply.error().message, HasSubstr("trust anchor"));
  EXPECT_THAT(reply.error().message, HasSubstr("GOOGLE_API_CERTIFICATE_CONFIG"));
}

constexpr auto places = std::to_array<Place>({
    {"imds", "SAGEMAKER", "EC2", "access key ASIA"},
    {"ecs", "SAGEMAKER", "container", "access key ASIA"},
    {"irsa", "SAGEMAKER", "web identity", "access key ASIA"},
    {"assume-role", "SAGEMAKER", "shared config", "access key ASIA"},
    {"sso", "SAGEMAKER", "shared config", "access key ASIA"},
    {"adc-metadata", "VERTEX", "metadata", "service account"},
    {"external-account", "VERTEX", "key file", "emulator@emulated-project"},
    {"external-account-aws", "VERTEX", "key file", "emulator@emulated-project"},
    {"external-account-x509", "VERTEX", "key file", "emulator@emulated-project"},
    {"workload", "AZUREML", "workload", "tenant"},
    {"certificate", "AZUREML", "certificate", "tenant"},
    {"managed", "AZUREML", "managed", "object id"},
    {"app-service", "AZUREML", "managed", "object id"},
    {"arc", "AZUREML", "managed", "object id"},
    {"service-fabric", "AZUREML", "managed", "object id"},
});

INSTANTIATE_TEST_SUITE_P(Places, IdentityEndToEnd, testing::ValuesIn(places),
                         [](const auto& instance) {
                           std::string name = instance.param.identity;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace ek
