#include "signing/sigv4.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr std::chrono::sys_seconds noon{std::chrono::seconds(1795608000)};  // 2026-11-25T12:00:00Z

const AwsKeys& example_keys() {
  static const AwsKeys keys{
      .access_key_id = "AKIDEXAMPLE",
      .secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};
  return keys;
}

SigV4Trace sign(const HttpRequest& request, const AwsKeys& keys = example_keys(),
                const SigV4Options& options = {}, const std::string& region = "us-east-1",
                const std::string& service = "sagemaker") {
  Sha256 sha;
  return sign_sigv4(sha, sigv4_request(request).value(),
                    make_sigv4_context(sha, keys, region, service, noon), options);
}

std::string canonical_path(const std::string& url, const SigV4Options& options = {}) {
  const std::string text = sign({.url = url}, example_keys(), options).canonical_request;
  const auto start = text.find('\n') + 1;
  return text.substr(start, text.find('\n', start) - start);
}

TEST(SigV4, GivesTheGoldenSignaturesWithEveryStepOnTheWay) {
  const json cases = json::parse(data_file("sigv4/requests.json"));
  for (const json& test : cases) {
    HttpRequest request{.url = test["url"], .body = test["body"]};
    for (const auto& [name, value] : test["headers"].items())
      request.headers.push_back({name, value});
    AwsKeys keys = example_keys();
    keys.session_token = Secret(test["token"].get<std::string>());
    const SigV4Trace trace = sign(request, keys, {}, test["region"], test["service"]);
    Sha256 sha;
    EXPECT_EQ(trace.payload_hash, test["payload_hash"]) << test["name"];
    EXPECT_THAT(trace.canonical_request,
                testing::StartsWith("POST\n" + test["canonical_path"].get<std::string>() + "\n\n"));
    EXPECT_EQ(trace.signed_headers, test["signed_headers"]) << test["name"];
    EXPECT_EQ(to_hex(view(sha.hash(trace.canonical_request))), test["canonical_hash"])
        << test["name"];
    EXPECT_EQ(trace.signature, test["signature"]) << test["name"];
    EXPECT_THAT(header(trace.headers, "authorization")->value, HasSubstr(trace.signature));
  }
}

TEST(SigV4, PresignsTheBearerTokensOfTheServices) {
  const json cases = json::parse(data_file("sigv4/bearer_tokens.json"));
  for (const json& test : cases) {
    const std::string service = test["service"];
    const HttpRequest request{.url = "https://" + service +
                                     ".amazonaws.com/?Action=CallWithBearerToken"};
    Sha256 sha;
    const auto trace =
        presign_sigv4(sha, sigv4_request(request).value(),
                      make_sigv4_context(sha, example_keys(), "us-east-1", service, noon),
                      std::chrono::hours(12));
    ASSERT_THAT(trace, IsOk());
    EXPECT_EQ(trace->signature, test["signature"]);
    EXPECT_TRUE(trace->query.ends_with("&X-Amz-Signature=" + trace->signature));
  }
}

TEST(SigV4, PresignsForOneSecondToSevenDays) {
  Sha256 sha;
  const HttpRequest request{.url = "https://h/"};
  const auto context = make_sigv4_context(sha, example_keys(), "r", "s", noon);
  const auto to_sign = sigv4_request(request).value();
  for (const int lifetime : {0, 604801}) {
    EXPECT_THAT(presign_sigv4(sha, to_sign, context, std::chrono::seconds(lifetime)),
                HasCode(ErrorCode::invalid_request));
  }
  EXPECT_THAT(presign_sigv4(sha, to_sign, context, std::chrono::seconds(604800)), IsOk());
}

TEST(SigV4, NormalizesThePathAndEncodesItOnceMore) {
  EXPECT_EQ(canonical_path("https://h"), "/");
  EXPECT_EQ(canonical_path("https://h?a=b"), "/");
  EXPECT_EQ(canonical_path("https://h/a//b/./c/../d/"), "/a/b/d/");
  EXPECT_EQ(canonical_path("https://h/../.."), "/");
  EXPECT_EQ(canonical_path("https://h/a%20b:c"), "/a%2520b%3Ac");
  EXPECT_EQ(canonical_path("https://h/a//b/..", {.normalize_path = false}), "/a//b/..");
  EXPECT_EQ(canonical_path("https://h/a%20b", {.encode_path = false}), "/a%20b");
}

TEST(SigV4, SortsTheQueryByPairsAndKeepsDuplicates) {
  const std::string text =
      sign({.url = "https://h/?b=2&a-b=1&a=2&a=1&flag&plus=a+b&c=%7e%2f"}).canonical_request;
  EXPECT_THAT(text, HasSubstr("\na=1&a=2&a-b=1&b=2&c=~%2F&flag=&plus=a%2Bb\n"));
}

TEST(SigV4, SignsTheHostOnceWithItsPortUnlessThatIsTheSchemesOwn) {
  EXPECT_THAT(sign({.url = "https://h:443/"}).canonical_request, HasSubstr("\nhost:h\n"));
  EXPECT_THAT(sign({.url = "http://h:80/"}).canonical_request, HasSubstr("\nhost:h\n"));
  EXPECT_THAT(sign({.url = "https://h:8443/"}).canonical_request, HasSubstr("\nhost:h:8443\n"));
  const SigV4Trace given = sign({.url = "https://h/", .headers = {{"HOST", "other"}}});
  EXPECT_THAT(given.canonical_request, HasSubstr("\nhost:other\nx-amz-date:"));
  EXPECT_EQ(given.signed_headers, "host;x-amz-date");
}

TEST(SigV4, SignsWhatServicesDemandAndNothingThatProxiesChange) {
  const SigV4Trace trace = sign({.url = "https://h/",
                                 .headers = {{"User-Agent", "x"},
                                             {"Accept", "x"},
                                             {"X-Amzn-Trace-Id", "x"},
                                             {"Content-Length", "0"},
                                             {"X-Amzn-Sagemaker-Accept", " a \t b "},
                                             {"Content-Type", "t"},
                                             {"X-Amz-Target", "1"},
                                             {"x-amz-target", "2"}}});
  EXPECT_EQ(trace.signed_headers,
            "content-type;host;x-amz-date;x-amz-target;x-amzn-sagemaker-accept");
  EXPECT_THAT(trace.canonical_request,
              HasSubstr("\nx-amz-target:1,2\nx-amzn-sagemaker-accept:a b\n\n"));
}

TEST(SigV4, ReplacesTheProofOfAnEarlierTry) {
  HttpRequest request{.url = "https://h/", .headers = {{"content-type", "t"}}};
  const SigV4Trace first = sign(request);
  for (const Header& added : first.headers) request.headers.push_back(added);
  request.headers.push_back({"X-Amz-Security-Token", "old"});
  EXPECT_EQ(sign(request).canonical_request, first.canonical_request);
}

TEST(SigV4, MarksWhatMustNotBeSeen) {
  AwsKeys keys = example_keys();
  keys.session_token = Secret("TOKEN");
  const SigV4Trace trace =
      sign({.url = "https://h/"}, keys, {.content_hash_header = true, .omit_session_token = true});
  EXPECT_TRUE(header(trace.headers, "authorization")->sensitive);
  EXPECT_TRUE(header(trace.headers, "x-amz-security-token")->sensitive);
  EXPECT_FALSE(header(trace.headers, "x-amz-date")->sensitive);
  EXPECT_EQ(header(trace.headers, "x-amz-content-sha256")->value, trace.payload_hash);
  EXPECT_EQ(trace.signed_headers, "host;x-amz-content-sha256;x-amz-date");
}

TEST(SigV4, WritesTimesInUtc) {
  EXPECT_EQ(sigv4_time(std::chrono::sys_seconds{}), "19700101T000000Z");
  EXPECT_EQ(sigv4_time(noon + std::chrono::seconds(3661)), "20261125T130101Z");
}

TEST(SigV4, NeedsAnAbsoluteUrl) {
  EXPECT_THAT(sigv4_request({.url = "/path"}), HasCode(ErrorCode::invalid_request));
}

// What a server has in hands after the request above was sent.
struct Received {
  HttpRequest request;
  SigV4Authorization authorization;
};

Received send(HttpRequest request) {
  AwsKeys keys = example_keys();
  keys.session_token = Secret("TOKEN");
  const SigV4Trace trace = sign(request, keys);
  for (const Header& added : trace.headers) request.headers.push_back(added);
  request.headers.push_back({"Host", "h"});
  return {request, parse_sigv4_authorization(trace.headers.back().value).value()};
}

Result<SigV4Trace> recompute(const Received& received, const Secret& secret) {
  Sha256 sha;
  return recompute_sigv4(sha, sigv4_request(received.request).value(), received.authorization,
                         secret);
}

TEST(SigV4Verification, AgreesWithTheSenderAndSeesEveryChange) {
  const HttpRequest request{.url = "https://h/a%3Ab?x=1",
                            .headers = {{"Content-Type", "t"}, {"X-Amz-Target", "a"}},
                            .body = "body"};
  const Received original = send(request);
  const Secret& secret = example_keys().secret_access_key;
  EXPECT_EQ(recompute(original, secret).value().signature, original.authorization.signature);
  EXPECT_NE(recompute(original, Secret("other")).value().signature,
            original.authorization.signature);
  std::vector<Received> changed(6, original);
  changed[0].request.body = "Body";
  changed[1].request.url = "https://h/a%3Ac?x=1";
  changed[2].request.url = "https://h/a%3Ab?x=2";
  changed[3].request.method = "PUT";
  changed[4].request.headers[0].value = "u";
  changed[5].request.headers.push_back({"x-amz-target", "b"});
  for (const Received& received : changed) {
    EXPECT_NE(recompute(received, secret).value().signature, original.authorization.signature);
  }
  Received unsigned_change = original;
  unsigned_change.request.headers.push_back({"via", "proxy"});
  EXPECT_EQ(recompute(unsigned_change, secret).value().signature, original.authorization.signature);
}

TEST(SigV4Verification, NamesWhatIsMissing) {
  const Received original = send({.url = "https://h/", .body = "body"});
  const auto fails_with = [&](Received received, std::string_view why) {
    EXPECT_THAT(recompute(received, Secret("s")), FailsWith(HasSubstr(std::string(why))));
  };
  Received received = original;
  std::erase_if(received.request.headers, [](const Header& h) { return h.name == "x-amz-date"; });
  fails_with(received, "X-Amz-Date");
  received = original;
  received.request.headers.pop_back();
  fails_with(received, "\"host\" is missing");
  received = original;
  received.authorization.date = "20261124";
  fails_with(received, "20261124");
  received = original;
  received.authorization.signed_headers = {"x-amz-date"};
  fails_with(received, "expected \"host\"");
  received = original;
  received.request.headers.push_back({"x-amz-content-sha256", std::string(64, '0')});
  fails_with(received, "not the hash of the body");
}

TEST(SigV4Verification, RefusesBrokenAuthorizations) {
  for (const char* text :
       {"", "Bearer x", "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host",
        "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=1",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4, SignedHeaders=host, Signature=1",
        "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=1"}) {
    EXPECT_THAT(parse_sigv4_authorization(text), HasCode(ErrorCode::authentication)) << text;
  }
}

}  // namespace
}  // namespace ek::test
