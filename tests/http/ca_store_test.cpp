#include "http/ca_store.hpp"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include <map>

#include "support/test_certificate.hpp"
#include "support/test_data.hpp"

namespace ek {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct World {
  std::map<std::string, std::string> variables{};
  std::map<std::string, std::string> files{};
  std::vector<std::string> reads{};

  std::shared_ptr<const Environment> environment() {
    auto result = std::make_shared<Environment>(system_environment());
    result->variable = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
    result->read_file = [this](const std::string& path) -> Result<std::string> {
      reads.push_back(path);
      const auto found = files.find(path);
      if (found == files.end()) return Error{.message = "no such file"};
      return found->second;
    };
    return result;
  }
};

std::string a_certificate() { return ek::testing::TestCertificate("DNS:a").pem(); }

std::size_t certificates_in(SSL_CTX* context) {
  return static_cast<std::size_t>(
      sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(context))));
}

TEST(CaStore, ReadsTheBundleOnceForManyConnections) {
  World world{.files = {{"my.pem", a_certificate()}}};
  CaStore store("my.pem", world.environment());
  EXPECT_TRUE(world.reads.empty());
  const std::shared_ptr<SSL_CTX> one(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  const std::shared_ptr<SSL_CTX> two(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  ASSERT_TRUE(store.install(one.get()));
  ASSERT_TRUE(store.install(two.get()));
  EXPECT_THAT(world.reads, ElementsAre("my.pem"));
  EXPECT_EQ(SSL_CTX_get_cert_store(one.get()), SSL_CTX_get_cert_store(two.get()));
  EXPECT_EQ(certificates_in(one.get()), 1U);
}

TEST(CaStore, TakesEveryCertificateOfABundle) {
  World world{.files = {{"my.pem", "# comment\n" + a_certificate() + "\n" + a_certificate()}}};
  CaStore store("my.pem", world.environment());
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  ASSERT_TRUE(store.install(context.get()));
  EXPECT_EQ(certificates_in(context.get()), 2U);
}

TEST(CaStore, PrefersItsFileToTheVariableToTheSystem) {
  World world{.variables = {{"SSL_CERT_FILE", "env.pem"}},
              .files = {{"my.pem", a_certificate()}, {"env.pem", a_certificate()}}};
  CaStore own("my.pem", world.environment());
  ASSERT_TRUE(own.check());
  EXPECT_EQ(own.origin(), "my.pem");
  CaStore from_variable("", world.environment());
  ASSERT_TRUE(from_variable.check());
  EXPECT_EQ(from_variable.origin(), "env.pem");
  EXPECT_THAT(world.reads, ElementsAre("my.pem", "env.pem"));
}

TEST(CaStore, LooksThroughTheDistributionsBundles) {
  World world{.files = {{"/etc/pki/tls/certs/ca-bundle.crt", a_certificate()}}};
  CaStore store("", world.environment());
  ASSERT_TRUE(store.check());
  EXPECT_THAT(world.reads, ElementsAre("/etc/ssl/certs/ca-certificates.crt",
                                       "/etc/pki/tls/certs/ca-bundle.crt"));
}

struct Failure {
  World world;
  std::string ca_file;
  std::string expected;
};

TEST(CaStore, NamesWhatCannotBeUsed) {
  Failure failures[] = {
      {{}, "my.pem", "the CA bundle my.pem cannot be read: no such file"},
      {{.files = {{"my.pem", "text"}}}, "my.pem", "my.pem holds no PEM certificate"},
      {{.variables = {{"SSL_CERT_FILE", "env.pem"}}}, "", "the CA bundle env.pem cannot be read"},
      {{.variables = {{"SSL_CERT_DIR", "/no/such/dir"}}}, "", "SSL_CERT_DIR names /no/such/dir"},
      {{}, "", "install ca-certificates"},
  };
  for (Failure& failure : failures) {
    CaStore store(failure.ca_file, failure.world.environment());
    const Result<void> result = store.check();
    ASSERT_FALSE(result) << failure.expected;
    EXPECT_EQ(result.error().code, ErrorCode::transport);
    EXPECT_EQ(result.error().phase, Phase::tls);
    EXPECT_THAT(result.error().message, HasSubstr(failure.expected));
  }
}

TEST(CaStore, TriesAgainAfterAFailure) {
  World world;
  CaStore store("my.pem", world.environment());
  EXPECT_FALSE(store.check());
  world.files["my.pem"] = a_certificate();
  EXPECT_TRUE(store.check());
}

TEST(CaStore, TakesADirectoryAlone) {
  World world{.variables = {{"SSL_CERT_DIR", test::test_data()}}};
  CaStore store("", world.environment());
  EXPECT_TRUE(store.check());
  EXPECT_TRUE(world.reads.empty());
}

}  // namespace
}  // namespace ek
