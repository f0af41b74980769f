#include "signing/aws/container.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* relative_uri = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
constexpr const char* full_uri = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
constexpr const char* token_file = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
constexpr const char* token_value = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

ScriptedReply keys_reply(const std::string& id = "ASIACONTAINER") {
  return {.body = {R"({"RoleArn":"arn:aws:iam::1:role/r","AccessKeyId":")" + id +
                   R"(","SecretAccessKey":"PLANTED-SECRET","Token":"PLANTED-TOKEN",)"
                   R"("Expiration":"2026-11-25T18:00:00Z","AccountId":"111122223333"})"}};
}

TEST(ContainerUrl, IsWhereTheAgentsAre) {
  const std::pair<std::map<std::string, std::string>, std::string> table[] = {
      {{{relative_uri, "/v2/credentials?id=1"}}, "http://169.254.170.2/v2/credentials?id=1"},
      {{{relative_uri, "/a"}, {full_uri, "http://localhost/b"}}, "http://169.254.170.2/a"},
      {{{full_uri, "http://169.254.170.23/v1/credentials"}},
       "http://169.254.170.23/v1/credentials"},
      {{{full_uri, "http://[FD00:ec2::23]/v1"}}, "http://[FD00:ec2::23]/v1"},
      {{{full_uri, "http://127.1.2.3:80/x"}}, "http://127.1.2.3:80/x"},
      {{{full_uri, "https://keys.example:8443/x"}}, "https://keys.example:8443/x"},
  };
  for (const auto& [variables, url] : table) {
    const Bench bench({.variables = variables});
    const auto found = container_keys_url(*bench.environment);
    ASSERT_THAT(found, IsOk()) << url;
    EXPECT_EQ(*found, url);
  }
  const Bench bench;
  EXPECT_EQ(container_keys_url(*bench.environment).value(), std::nullopt);
}

TEST(ContainerUrl, IsNeverPlainHttpToAStranger) {
  for (const char* url : {"http://169.254.169.254/x", "http://keys.example/x", "/x", "ftp://h/x",
                          "http://169.254.170.2.evil.example/x", "http://user@127.0.0.1/"}) {
    const Bench bench({.variables = {{full_uri, url}}});
    EXPECT_THAT(container_keys_url(*bench.environment),
                AllOf(HasCode(ErrorCode::authentication), FailsWith(HasSubstr(full_uri))))
        << url;
  }
  const Bench bench({.variables = {{relative_uri, "no-slash"}}});
  EXPECT_THAT(container_keys_url(*bench.environment), HasCode(ErrorCode::authentication));
}

TEST(ContainerKeys, ComeWithTheTokenOfTheMomentAndPastTheProxy) {
  const Bench bench({.variables = {{full_uri, "http://169.254.170.23/v1/credentials"},
                                   {token_file, "/var/run/token"},
                                   {token_value, "not this one"}},
                     .files = {{"/var/run/token", "first\n"}}});
  bench.transport->reply(keys_reply());
  bench.transport->reply(keys_reply());
  const auto keys = fetch_container_keys(bench.services(), bench.context());
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(keys->keys.access_key_id, "ASIACONTAINER");
  EXPECT_EQ(keys->keys.session_token, Secret("PLANTED-TOKEN"));
  EXPECT_TRUE(keys->expires.has_value());
  EXPECT_EQ(keys->account_id, "111122223333");
  ASSERT_TRUE(bench.environment->write_file("/var/run/token", "second"));
  ASSERT_THAT(fetch_container_keys(bench.services(), bench.context()), IsOk());

  const auto requests = bench.transport->requests();
  EXPECT_EQ(requests[0].method, "GET");
  EXPECT_EQ(header(requests[0].headers, "authorization")->value, "first");
  EXPECT_EQ(header(requests[1].headers, "authorization")->value, "second");
  EXPECT_TRUE(header(requests[1].headers, "authorization")->sensitive);
  EXPECT_TRUE(bench.transport->transfers()[0].bypass_proxy);
}

TEST(ContainerKeys, NeedNoTokenOnEcs) {
  const Bench bench({.variables = {{relative_uri, "/k"}}});
  bench.transport->reply(keys_reply());
  ASSERT_THAT(fetch_container_keys(bench.services(), bench.context()), IsOk());
  EXPECT_EQ(header(bench.transport->requests()[0].headers, "authorization"), nullptr);
}

TEST(ContainerKeys, AreNotAskedForWithABrokenToken) {
  const std::map<std::string, std::string> base = {{relative_uri, "/k"}};
  auto missing = base, broken = base;
  missing[token_file] = "/absent";
  broken[token_value] = "PLANTED\r\nX-Evil: 1";
  for (const auto& variables : {missing, broken}) {
    const Bench bench({.variables = variables});
    EXPECT_THAT(fetch_container_keys(bench.services(), bench.context()),
                AllOf(HasCode(ErrorCode::authentication), FailsWith(Not(HasSubstr("PLANTED")))));
    EXPECT_EQ(bench.transport->request_count(), 0U);
  }
}

TEST(ContainerKeys, AreAskedForAgainWhereThatMayHelp) {
  const Bench bench({.variables = {{relative_uri, "/k"}}});
  bench.transport->reply(refused_connection());
  bench.transport->reply({.status = 500});
  bench.transport->reply(keys_reply());
  EXPECT_THAT(fetch_container_keys(bench.services(), bench.context()), IsOk());
}

TEST(ContainerKeys, AreNotAskedForTwiceWhereTheServerIsNotTrusted) {
  const Bench bench({.variables = {{full_uri, "https://keys.example/k"}}});
  bench.transport->reply(untrusted_server());
  const auto keys = fetch_container_keys(bench.services(), bench.context());
  EXPECT_THAT(keys, HasCode(ErrorCode::transport));
  EXPECT_FALSE(keys.error().retryable);
}

TEST(ContainerKeys, SayWhatTheServiceRefusesAndNoSecret) {
  const Bench bench({.variables = {{relative_uri, "/k"}, {token_value, "PLANTED"}}});
  bench.transport->reply({.status = 400, .body = {R"({"message":"bad token PLANTED"})"}});
  EXPECT_THAT(fetch_container_keys(bench.services(), bench.context()),
              AllOf(HasCode(ErrorCode::authentication),
                    FailsWith(AllOf(HasSubstr("HTTP 400"), Not(HasSubstr("PLANTED"))))));
}

TEST(ContainerSource, GivesASignerThatFetchesOnce) {
  const Bench bench({.variables = {{relative_uri, "/k"}}});
  bench.transport->reply(keys_reply());
  std::string why_not;
  const auto signer =
      aws_container_source().find(sagemaker_scope(), bench.services(), bench.context(), why_not);
  ASSERT_THAT(signer, IsOk());
  ASSERT_NE(*signer, nullptr);
  EXPECT_EQ(bench.transport->request_count(), 0U) << "configured is enough: nothing is asked yet";
  for (int i = 0; i < 3; ++i) {
    const auto headers = (*signer)->sign({.url = "https://h/"}, bench.context());
    ASSERT_THAT(headers, IsOk());
    EXPECT_THAT(header(*headers, "authorization")->value, HasSubstr("Credential=ASIACONTAINER/"));
  }
  EXPECT_EQ(bench.transport->request_count(), 1U);
}

TEST(ContainerSource, SaysWhyNot) {
  const Bench bench;
  std::string why_not;
  EXPECT_EQ(aws_container_source()
                .find(sagemaker_scope(), bench.services(), bench.context(), why_not)
                .value(),
            nullptr);
  EXPECT_THAT(why_not, HasSubstr(relative_uri));
}

}  // namespace
}  // namespace ek::test
