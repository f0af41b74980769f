#include "signing/aws/login.hpp"

#include "base/base64.hpp"
#include "base/text.hpp"
#include "signing/crypto/ec.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;
using testing::Not;

const LoginSession session{.session = " arn:aws:sts::1:assumed-role/Admin/me\n"};

std::string session_file(const std::string& expires) {
  std::string pem = json_escape(data_file("keys/ec_sec1.pem"));
  return R"({"accessToken":{"accessKeyId":"OLD","secretAccessKey":"PLANTED-k",)"
         R"("sessionToken":"T","accountId":"1","expiresAt":")" +
         expires + R"("},"clientId":"c","refreshToken":"PLANTED-r","signInRegion":"eu-west-1",)" +
         R"("dpopKey":")" + pem + R"("})";
}
std::string cache_path() {
  const Digest digest = Sha256().hash(trim(session.session));
  return "/h/.aws/login/cache/" + to_hex(view(digest)) + ".json";
}
World world(const std::string& file) {
  return {.variables = {{"HOME", "/h"}}, .files = {{cache_path(), file}}};
}

TEST(AwsLogin, GivesTheKeysOfTheSession) {
  const Bench bench(world(session_file("2026-11-25T12:10:00Z")));
  const auto keys = fetch_login_keys(session, bench.services(), bench.context());
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(keys->keys.access_key_id, "OLD");
  EXPECT_EQ(keys->account_id, "1");
}

TEST(AwsLogin, RefreshesWithAProofOfItsKey) {
  const Bench bench(world(session_file("2026-11-25T12:04:00Z")));
  bench.transport->reply(
      {.body = {R"({"accessToken":{"accessKeyId":"NEW","secretAccessKey":"S","sessionToken":"T2"},)"
                R"("expiresIn":900,"refreshToken":"next"})"}});
  const auto keys = fetch_login_keys(session, bench.services(), bench.context());
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(keys->keys.access_key_id, "NEW");
  EXPECT_EQ(keys->account_id, "1");
  const HttpRequest sent = bench.transport->requests().at(0);
  EXPECT_EQ(sent.url, "https://eu-west-1.signin.aws.amazon.com/v1/token");
  EXPECT_EQ(sent.body,
            R"({"clientId":"c","grantType":"refresh_token","refreshToken":"PLANTED-r"})");
  const std::string proof = header(sent.headers, "dpop")->value;
  const auto dot = proof.find('.');
  EXPECT_THAT(base64_decode(proof.substr(0, dot)).value(), HasSubstr(R"("typ":"dpop+jwt")"));
  const std::string claims =
      base64_decode(proof.substr(dot + 1, proof.rfind('.') - dot - 1)).value();
  EXPECT_THAT(claims, HasSubstr(R"("htm":"POST")"));
  EXPECT_THAT(claims, HasSubstr(R"("htu":"https://eu-west-1.signin.aws.amazon.com/v1/token")"));
  EXPECT_THAT(claims, HasSubstr(R"("iat":1795608000)"));
  EXPECT_EQ(base64_decode(proof.substr(proof.rfind('.') + 1)).value().size(), 64u);
  const std::string written = bench.environment->read_file(cache_path()).value();
  EXPECT_THAT(written, HasSubstr(R"("expiresAt":"2026-11-25T12:15:00Z")"));
  EXPECT_THAT(written, HasSubstr(R"("refreshToken":"next")"));
}

TEST(AwsLogin, SaysHowToSignInWithoutAUsableSession) {
  const std::string old = session_file("2026-11-25T11:00:00Z");
  const auto without = [&](const std::string& member) {
    std::string file = old;
    file.replace(file.find(member), member.size(), "x");
    return file;
  };
  const struct {
    std::string file;
    const char* says;
  } cases[] = {{"PLANTED", "is no JSON object"},
               {without("clientId"), "has no \"clientId\""},
               {without("refreshToken"), "has no \"refreshToken\""},
               {without("dpopKey"), "has no \"dpopKey\""},
               {without("accessToken"), "has no \"accessToken\""},
               {without("expiresAt"), "has no \"expiresAt\""},
               {old, "the password has changed since (HTTP 400)"}};
  for (const auto& [file, says] : cases) {
    const Bench bench(world(file));
    bench.transport->handle([](const HttpRequest&) -> ScriptedReply {
      return {.status = 400, .body = {R"({"error":"USER_CREDENTIALS_CHANGED","m":"PLANTED-r"})"}};
    });
    const auto keys = fetch_login_keys(session, bench.services(), bench.context());
    EXPECT_THAT(keys, FailsWith(HasSubstr(says)));
    EXPECT_THAT(keys, FailsWith(HasSubstr("aws login")));
    EXPECT_THAT(keys, FailsWith(Not(HasSubstr("PLANTED"))));
  }
}

}  // namespace
}  // namespace ek::test
