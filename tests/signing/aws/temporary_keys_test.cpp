#include "signing/aws/temporary_keys.hpp"

#include <atomic>
#include <thread>

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

std::chrono::sys_seconds now(const Bench& bench) {
  return std::chrono::floor<std::chrono::seconds>(bench.clock->now());
}

// The n-th fetch gives the key id "KEY<n>", good for an hour.
TemporaryKeySource counting_source(const Bench& bench, std::atomic<int>& fetches) {
  return {.cache_key = "test",
          .description = "test keys",
          .fetch = [&bench, &fetches](const SignContext&) -> Result<TemporaryKeys> {
            return TemporaryKeys{.keys = {.access_key_id = "KEY" + std::to_string(++fetches),
                                          .secret_access_key = Secret("SECRET"),
                                          .session_token = Secret("TOKEN")},
                                 .expires = now(bench) + 1h};
          }};
}

TEST(TemporaryKeys, AreOnePointerUntilTheyChange) {
  const Bench bench;
  std::atomic<int> fetches = 0;
  const AwsKeySource source = cached_aws_keys(counting_source(bench, fetches), bench.services());
  const auto first = source.get(bench.context()).value();
  EXPECT_EQ(*first, (AwsKeys{.access_key_id = "KEY1",
                             .secret_access_key = Secret("SECRET"),
                             .session_token = Secret("TOKEN")}));
  bench.clock->advance(49min);
  EXPECT_EQ(source.get(bench.context()).value(), first);
  bench.clock->advance(2min);  // nine minutes left
  EXPECT_EQ(source.get(bench.context()).value()->access_key_id, "KEY2");
  EXPECT_EQ(fetches, 2);
}

TEST(TemporaryKeys, TellWhenThoseThatSignEnd) {
  const Bench bench;
  std::atomic<int> fetches = 0;
  const AwsKeySource source = cached_aws_keys(counting_source(bench, fetches), bench.services());
  EXPECT_EQ(source.expiry(), std::nullopt) << "none were fetched yet";
  const auto first_end = now(bench) + 1h;
  EXPECT_EQ(explain_aws_keys(source, bench.context()).expires, first_end);
  bench.clock->advance(30min);
  EXPECT_EQ(explain_aws_keys(source, bench.context()).expires, first_end);
  bench.clock->advance(25min);  // five minutes left: fetched anew
  EXPECT_EQ(explain_aws_keys(source, bench.context()).expires, now(bench) + 1h);
  source.drop({.access_key_id = "KEY2"});
  EXPECT_THAT(source.get(bench.context()), IsOk());
  EXPECT_EQ(fetches, 3);
}

TEST(TemporaryKeys, LiveOnWhileAnEarlyFetchFails) {
  const Bench bench;
  std::atomic<int> fetches = 0;
  auto source = counting_source(bench, fetches);
  source.fetch = [good = source.fetch, &fetches](const SignContext& context) {
    if (fetches > 0) return Result<TemporaryKeys>(Error{.message = "the service is away"});
    return good(context);
  };
  const AwsKeySource keys = cached_aws_keys(std::move(source), bench.services());
  const auto first = keys.get(bench.context()).value();
  bench.clock->advance(58min);
  EXPECT_EQ(keys.get(bench.context()).value(), first);
  bench.clock->advance(90s);  // less than a minute left
  EXPECT_THAT(keys.get(bench.context()), FailsWith(HasSubstr("the service is away")));
}

TEST(TemporaryKeys, AreDroppedOnceWhenRefused) {
  const Bench bench;
  std::atomic<int> fetches = 0;
  const auto signer = make_temporary_keys_signer(counting_source(bench, fetches), sagemaker_scope(),
                                                 bench.services());
  const HttpRequest request{.url = "https://host/"};
  const auto old = signer->sign(request, bench.context()).value();
  EXPECT_EQ(header(old, "x-amz-security-token")->value, "TOKEN");
  EXPECT_TRUE(signer->renew(old));
  EXPECT_THAT(header(signer->sign(request, bench.context()).value(), "authorization")->value,
              HasSubstr("Credential=KEY2/"));
  EXPECT_TRUE(signer->renew(old));  // Refused long ago: the new ones stay.
  (void)signer->sign(request, bench.context());
  EXPECT_EQ(fetches, 2);
}

TEST(TemporaryKeys, AreFetchedOnceForManyThreads) {
  const Bench bench;
  std::atomic<int> fetches = 0;
  const AwsKeySource source = cached_aws_keys(counting_source(bench, fetches), bench.services());
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 100; ++i) {
    threads.emplace_back([&] {
      const auto keys = source.get(bench.context());
      if (keys && (*keys)->access_key_id == "KEY1") ++good;
    });
  }
  threads.clear();
  EXPECT_EQ(good, 100);
  EXPECT_EQ(fetches, 1);
}

TEST(TemporaryKeys, WithoutAnEndAreKept) {
  const Bench bench;
  int fetches = 0;
  const AwsKeySource source =
      cached_aws_keys({.cache_key = "test",
                       .fetch = [&](const SignContext&) -> Result<TemporaryKeys> {
                         ++fetches;
                         return TemporaryKeys{.keys = {.access_key_id = "KEY",
                                                       .secret_access_key = Secret("SECRET")}};
                       }},
                      bench.services());
  (void)source.get(bench.context());
  EXPECT_EQ(source.expiry(), std::nullopt);
  bench.clock->advance(24h * 365);
  EXPECT_THAT(source.get(bench.context()), IsOk());
  EXPECT_EQ(fetches, 1);
}

TEST(TemporaryKeys, AreRefusedIfTheyHoldLineBreaks) {
  const Bench bench;
  const AwsKeySource source =
      cached_aws_keys({.cache_key = "test",
                       .fetch = [&](const SignContext&) -> Result<TemporaryKeys> {
                         return TemporaryKeys{.keys = {.access_key_id = "KEY",
                                                       .secret_access_key = Secret("SEC\nRET")}};
                       }},
                      bench.services());
  EXPECT_THAT(source.get(bench.context()), FailsWith(HasSubstr("secret access key")));
}

TEST(ParseKeysJson, ReadsEveryMember) {
  const auto keys = parse_keys_json("a program", "SessionToken",
                                    R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"S",)"
                                    R"("SessionToken":"T","Expiration":"2026-11-25T12:00:00Z",)"
                                    R"("AccountId":"123456789012"})");
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(*keys, (TemporaryKeys{.keys = {.access_key_id = "A",
                                           .secret_access_key = Secret("S"),
                                           .session_token = Secret("T")},
                                  .expires = std::chrono::sys_seconds(1795608000s),
                                  .account_id = "123456789012"}));
  const auto few = parse_keys_json("x", "Token", R"({"accessKeyId":"A","SECRETACCESSKEY":"S"})");
  ASSERT_THAT(few, IsOk());
  EXPECT_EQ(few->expires, std::nullopt);
}

TEST(ParseKeysJson, NamesWhatIsMissingAndShowsNoSecret) {
  const struct {
    const char* body;
    const char* says;
  } cases[] = {
      {"no JSON PLANTED", "not a JSON object"},
      {"[1]", "not a JSON object"},
      {R"({"SecretAccessKey":"PLANTED"})", "no \"AccessKeyId\""},
      {R"({"AccessKeyId":"A","secret":"PLANTED"})", "no \"SecretAccessKey\""},
      {R"({"AccessKeyId":"A","SecretAccessKey":"PLANTED","Expiration":"soon"})", "no time: soon"},
  };
  for (const auto& [body, says] : cases) {
    const auto keys = parse_keys_json("the container", "Token", body);
    EXPECT_THAT(keys, FailsWith(HasSubstr(says))) << body;
    EXPECT_THAT(keys, FailsWith(HasSubstr("from the container"))) << body;
    EXPECT_THAT(keys, FailsWith(Not(HasSubstr("PLANTED")))) << body;
  }
}

}  // namespace
}  // namespace ek::test
