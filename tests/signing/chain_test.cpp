#include "signing/chain.hpp"

#include <array>

#include "signing/bearer.hpp"
#include "signing/credentials_error.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using Outcome = CredentialReport::Outcome;
using Found = Result<std::shared_ptr<Signer>>;

constexpr std::array<std::string_view, 1> variables = {"MY_KEY"};

Found nothing(const SigningScope&, const SigningServices&, const SignContext&,
              std::string& why_not) {
  why_not = "MY_KEY is not set";
  return std::shared_ptr<Signer>();
}
Found broken(const SigningScope&, const SigningServices&, const SignContext&, std::string&) {
  return credentials_error("the file of MY_KEY is no key");
}
Found key(const SigningScope&, const SigningServices&, const SignContext&, std::string&) {
  return make_key_signer(Secret("planted"), "from MY_KEY");
}
// A token that cannot be had.
Found refused(const SigningScope&, const SigningServices& services, const SignContext&,
              std::string&) {
  return make_token_signer({.key = "refused",
                            .fetch = [](const SignContext&) -> Result<Token> {
                              return credentials_error("the service gave no token");
                            }},
                           "application a", services);
}
Found token(const SigningScope&, const SigningServices& services, const SignContext&,
            std::string&) {
  // {"appid":"app-1","oid":"object-1","tid":"tenant-1"}
  constexpr const char* jwt =
      "e30.eyJhcHBpZCI6ImFwcC0xIiwib2lkIjoib2JqZWN0LTEiLCJ0aWQiOiJ0ZW5hbnQtMSJ9.c2ln";
  return make_token_signer({.key = "token",
                            .fetch = [](const SignContext&) -> Result<Token> {
                              return Token{.value = Secret(jwt), .lifetime = std::chrono::hours(1)};
                            }},
                           "managed identity", services);
}

using Find = decltype(CredentialSource::find);

std::shared_ptr<Signer> chain(const Bench& bench, std::span<const CredentialSource> sources) {
  return make_chain_signer({.kind = "test credentials", .sources = sources, .advice = "Set it."},
                           azure_scope(), bench.services());
}
CredentialSource source(std::string_view name, Find find) {
  return {.name = name, .variables = variables, .find = find};
}

TEST(ChainSigner, TellsEachLinkInOrderUntilOneAnswers) {
  const Bench bench;
  const std::array sources = {source("first", nothing), source("second", key),
                              source("third", broken)};
  const auto report = chain(bench, sources)->explain(bench.context());
  const std::vector<std::string> looked_at = {"MY_KEY"};
  EXPECT_EQ(report.links, (std::vector<CredentialReport::Link>{
                              {"first", looked_at, Outcome::not_configured, "MY_KEY is not set"},
                              {"second", looked_at, Outcome::answered, "key from MY_KEY"},
                              {"third", looked_at, Outcome::not_reached, ""}}));
  EXPECT_EQ(report.identity, "key from MY_KEY");
  EXPECT_EQ(report.expires, std::nullopt);
  EXPECT_EQ(report.error, std::nullopt);
}

TEST(ChainSigner, EndsTheSearchAtABrokenSource) {
  const Bench bench;
  const std::array sources = {source("first", broken), source("second", key)};
  const auto report = chain(bench, sources)->explain(bench.context());
  EXPECT_EQ(report.links[0].outcome, Outcome::failed);
  EXPECT_EQ(report.links[0].message, "the file of MY_KEY is no key");
  EXPECT_EQ(report.links[1].outcome, Outcome::not_reached);
  EXPECT_EQ(report.identity, "");
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->message, "the file of MY_KEY is no key");
}

TEST(ChainSigner, SaysThatNobodyAnswered) {
  const Bench bench;
  const std::array sources = {source("first", nothing)};
  const auto report = chain(bench, sources)->explain(bench.context());
  EXPECT_EQ(report.links[0].outcome, Outcome::not_configured);
  ASSERT_TRUE(report.error);
  EXPECT_THAT(report.error->message, testing::HasSubstr("found no test credentials"));
}

TEST(ChainSigner, CountsASourceWhoseTokenIsRefusedAsFailed) {
  const Bench bench;
  const std::array sources = {source("first", refused), source("second", key)};
  const auto report = chain(bench, sources)->explain(bench.context());
  EXPECT_EQ(report.links[0].outcome, Outcome::failed);
  EXPECT_EQ(report.links[0].message, "the service gave no token");
  EXPECT_EQ(report.links[1].outcome, Outcome::not_reached);
  EXPECT_EQ(report.identity, "application a");
  EXPECT_TRUE(report.error);
}

TEST(ChainSigner, SaysWhoATokenBelongsToAndUntilWhen) {
  const Bench bench;
  const std::array sources = {source("first", token)};
  const auto signer = chain(bench, sources);
  const auto report = signer->explain(bench.context());
  EXPECT_EQ(report.identity,
            "managed identity, that is application app-1 (object id object-1) in tenant tenant-1");
  EXPECT_EQ(report.expires, bench.clock->now() + std::chrono::hours(1));
  EXPECT_EQ(signer->fetch_identity(bench.services(), bench.context()).value(), report.identity);
}

}  // namespace
}  // namespace ek::test
