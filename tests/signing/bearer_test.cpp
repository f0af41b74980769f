#include "signing/bearer.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Bearer, GoesOverHttpsOrToThisMachineOnly) {
  for (const char* url : {"https://host/path?key=1", "HTTPS://host", "http://localhost:8080/",
                          "http://127.0.0.1/", "http://[::1]:99/"}) {
    EXPECT_THAT(check_secret_may_go_to(url), IsOk()) << url;
  }
  for (const char* url : {"http://host/path", "http://127.evil.example/",
                          "http://localhost.example/", "ftp://localhost/", "host/path", ""}) {
    const auto outcome = check_secret_may_go_to(url);
    EXPECT_THAT(outcome,
                testing::AllOf(HasCode(ErrorCode::authentication), HasPhase(Phase::credentials)))
        << url;
  }
}

TEST(Bearer, DoesNotShowTheQueryOfAUrlThatItRefuses) {
  EXPECT_THAT(check_secret_may_go_to("http://host/path?key=PLANTED"),
              FailsWith(testing::AllOf(HasSubstr("http://host"), Not(HasSubstr("PLANTED")))));
}

TEST(Bearer, IsOneSensitiveHeader) {
  const auto headers = bearer_headers(Secret("abc"));
  ASSERT_THAT(headers, IsOk());
  EXPECT_EQ(*headers, (std::vector<Header>{{"authorization", "Bearer abc", true}}));
}

TEST(Bearer, RefusesTextsThatWouldMakeAnotherHeader) {
  for (const char* text : {"", "abc\n", "abc\r\nx: y", "a b", "a\tb", "schl\xC3\xBCssel"}) {
    EXPECT_THAT(bearer_headers(Secret(text)),
                FailsWith(testing::AllOf(HasSubstr("visible ASCII"), Not(HasSubstr("abc")))));
  }
}

TEST(KeyIdentity, ServesScopesThatAcceptAKeyAndNoOthers) {
  const Bench bench;
  const auto identity = make_key_identity(Secret("PLANTED"));
  const auto signer = identity->signer_for(azure_scope(), bench.services());
  ASSERT_THAT(signer, IsOk());
  const auto headers = (*signer)->sign({.url = "https://h/"}, bench.context());
  ASSERT_THAT(headers, IsOk());
  EXPECT_EQ(headers->at(0).value, "Bearer PLANTED");
  EXPECT_FALSE((*signer)->renew(*headers));
  EXPECT_EQ((*signer)->describe(), "key");
  EXPECT_THAT(identity->signer_for(sagemaker_scope(), bench.services()),
              testing::AllOf(HasCode(ErrorCode::invalid_request),
                             FailsWith(HasSubstr("SageMaker: it takes AWS keys"))));
}

TEST(TokenSigner, FetchesNothingForAUrlThatMustNotGetTheToken) {
  const Bench bench;
  int fetches = 0;
  const auto signer = make_token_signer({.key = "k",
                                         .fetch = [&](const SignContext&) -> Result<Token> {
                                           ++fetches;
                                           return Token{Secret("t"), std::chrono::seconds(99)};
                                         }},
                                        "somebody", bench.services());
  EXPECT_THAT(signer->sign({.url = "http://host/"}, bench.context()),
              HasCode(ErrorCode::authentication));
  EXPECT_EQ(fetches, 0);
}

TEST(TokenSigner, FetchesAnewAfterARefusal) {
  const Bench bench;
  int fetches = 0;
  const auto signer = make_token_signer(
      {.key = "k",
       .fetch = [&](const SignContext&) -> Result<Token> {
         return Token{Secret("t" + std::to_string(++fetches)), std::chrono::hours(1)};
       }},
      "somebody", bench.services());
  const auto first = signer->sign({.url = "https://h/"}, bench.context()).value();
  EXPECT_EQ(signer->sign({.url = "https://h/"}, bench.context()).value(), first);
  EXPECT_TRUE(signer->renew(first));
  EXPECT_EQ(signer->sign({.url = "https://h/"}, bench.context()).value()[0].value, "Bearer t2");
  EXPECT_TRUE(signer->renew(first)) << "another call got the new one: signing again helps";
  EXPECT_EQ(signer->sign({.url = "https://h/"}, bench.context()).value()[0].value, "Bearer t2");
  EXPECT_FALSE(signer->renew({}));
}

}  // namespace
}  // namespace ek::test
