#include "http/curl_error.hpp"

#include <gmock/gmock.h>

#include <ostream>

namespace ek {
namespace {

using ::testing::HasSubstr;

// How far the request had come.
enum Went { nowhere, partly, wholly, to_a_dead_connection };

struct Case {
  CURLcode code;
  Went went;
  bool headed;
  ErrorCode error;
  Phase phase;
  bool retryable;
};

constexpr Case cases[] = {
    {CURLE_COULDNT_RESOLVE_HOST, nowhere, false, ErrorCode::transport, Phase::dns, true},
    {CURLE_COULDNT_RESOLVE_PROXY, nowhere, false, ErrorCode::transport, Phase::dns, true},
    {CURLE_COULDNT_CONNECT, nowhere, false, ErrorCode::transport, Phase::connect, true},
    {CURLE_OPERATION_TIMEDOUT, nowhere, false, ErrorCode::timeout, Phase::connect, true},
    {CURLE_SSL_CONNECT_ERROR, nowhere, false, ErrorCode::transport, Phase::tls, true},
    {CURLE_PEER_FAILED_VERIFICATION, nowhere, false, ErrorCode::transport, Phase::tls, false},
    {CURLE_SSL_CACERT_BADFILE, nowhere, false, ErrorCode::transport, Phase::tls, false},
    {CURLE_RECV_ERROR, nowhere, false, ErrorCode::transport, Phase::connect, true},
    {CURLE_URL_MALFORMAT, nowhere, false, ErrorCode::invalid_request, Phase::request, false},
    {CURLE_SEND_ERROR, wholly, false, ErrorCode::transport, Phase::headers, false},
    {CURLE_RECV_ERROR, wholly, false, ErrorCode::transport, Phase::headers, false},
    {CURLE_GOT_NOTHING, wholly, false, ErrorCode::transport, Phase::headers, false},
    {CURLE_HTTP2, wholly, false, ErrorCode::transport, Phase::headers, false},
    {CURLE_HTTP2_STREAM, wholly, false, ErrorCode::transport, Phase::headers, false},
    {CURLE_COULDNT_CONNECT, wholly, false, ErrorCode::transport, Phase::connect, false},
    {CURLE_FTP_ACCEPT_FAILED, wholly, false, ErrorCode::transport, Phase::headers, false},
    {CURLE_SEND_ERROR, partly, false, ErrorCode::transport, Phase::send, true},
    {CURLE_RECV_ERROR, partly, false, ErrorCode::transport, Phase::headers, true},
    {CURLE_COULDNT_CONNECT, partly, false, ErrorCode::transport, Phase::connect, true},
    {CURLE_COULDNT_CONNECT, to_a_dead_connection, false, ErrorCode::transport, Phase::connect,
     true},
    {CURLE_RECV_ERROR, to_a_dead_connection, false, ErrorCode::transport, Phase::headers, false},
    {CURLE_PARTIAL_FILE, wholly, true, ErrorCode::truncated, Phase::stream, false},
    {CURLE_RECV_ERROR, wholly, true, ErrorCode::truncated, Phase::stream, false},
    {CURLE_HTTP2_STREAM, wholly, true, ErrorCode::truncated, Phase::stream, false},
};

TEST(ExplainCurl, FollowsTheTable) {
  for (const Case& c : cases) {
    SCOPED_TRACE(curl_easy_strerror(c.code));
    const Error error = explain_curl({.code = c.code,
                                      .host = "h.example",
                                      .begun = c.went != nowhere,
                                      .sent = c.went == wholly || c.went == to_a_dead_connection,
                                      .may_resend = c.went == to_a_dead_connection,
                                      .headed = c.headed});
    EXPECT_EQ(to_string(error.code), to_string(c.error));
    EXPECT_EQ(to_string(error.phase), to_string(c.phase));
    EXPECT_EQ(error.retryable, c.retryable);
    EXPECT_THAT(error.message, HasSubstr("h.example"));
  }
}

TEST(ExplainCurl, SaysWhatLibcurlSaidAndWhatToDo) {
  const Error error = explain_curl({.code = CURLE_PEER_FAILED_VERIFICATION,
                                    .detail = "self-signed certificate",
                                    .host = "h.example",
                                    .trust = "/etc/roots.pem"});
  EXPECT_THAT(error.message, HasSubstr("self-signed certificate"));
  EXPECT_THAT(error.message, HasSubstr("/etc/roots.pem"));
  EXPECT_THAT(error.message, HasSubstr("ca_file"));
}

struct Sentence {
  CurlFailure failure;
  const char* said;
  Phase phase;
  bool retryable;
};

TEST(ExplainCurl, NamesWhatStoodInTheWay) {
  constexpr std::string_view proxy = "http://p:1 (HTTPS_PROXY)";
  const Sentence sentences[] = {
      {{.code = CURLE_RECV_ERROR,
        .detail = "CONNECT tunnel failed, response 407",
        .host = "h",
        .proxy = proxy},
       "h was not asked: the proxy http://p:1 (HTTPS_PROXY) answered 407 to CONNECT, it wants "
       "other "
       "proxy_user and proxy_password (",
       Phase::connect,
       false},
      {{.code = CURLE_RECV_ERROR,
        .detail = "CONNECT tunnel failed, response 403",
        .host = "h",
        .proxy = proxy},
       "answered 403 to CONNECT, it may not let this host pass (",
       Phase::connect,
       false},
      {{.code = CURLE_RECV_ERROR,
        .detail = "CONNECT tunnel failed, response 503",
        .host = "h",
        .proxy = proxy},
       "answered 503 to CONNECT",
       Phase::connect,
       true},
      {{.code = CURLE_PROXY, .host = "h", .proxy = proxy},
       "h was not reached by the proxy, asked through the proxy http://p:1 (HTTPS_PROXY)",
       Phase::connect,
       true},
      {{.code = CURLE_OPERATION_TIMEDOUT, .host = "h", .proxy = proxy},
       "no connection to h within 0 ms through the proxy http://p:1 (HTTPS_PROXY)",
       Phase::connect,
       true},
      {{.code = CURLE_COULDNT_RESOLVE_HOST, .host = "h", .route = "r:1 (the option routes)"},
       "h is routed to r:1 (the option routes), which could not be resolved",
       Phase::dns,
       true},
      {{.code = CURLE_COULDNT_CONNECT, .host = "h", .route = "r:1 (the option routes)"},
       "h is routed to r:1 (the option routes), which refused the connection",
       Phase::connect,
       true},
      {{.code = CURLE_OPERATION_TIMEDOUT, .host = "h", .route = "r:1 (the option routes)"},
       "no connection to h within 0 ms by the route to r:1 (the option routes)",
       Phase::connect,
       true},
      {{.code = CURLE_PEER_FAILED_VERIFICATION, .host = "h", .route = "r:1 (the option routes)"},
       ", asked by the route to r:1 (the option routes) (",
       Phase::tls,
       false},
      {{.code = CURLE_PEER_FAILED_VERIFICATION,
        .host = "h",
        .thumbprint = "AA",
        .found_thumbprint = "bb"},
       "h has a certificate with the thumbprint bb, and must have that with AA",
       Phase::tls,
       false},
      {{.code = CURLE_SSL_PINNEDPUBKEYNOTMATCH, .host = "h"},
       "none of those in the option pinned_keys",
       Phase::tls,
       false},
      {{.code = CURLE_RECV_ERROR,
        .detail = "OpenSSL SSL_read: tlsv13 alert certificate required",
        .host = "h",
        .begun = true},
       "h wants a client certificate",
       Phase::tls,
       false},
      {{.code = CURLE_SSL_CONNECT_ERROR, .detail = "sslv3 alert bad certificate", .host = "h"},
       "h refused the client certificate",
       Phase::tls,
       false},
  };
  for (const Sentence& sentence : sentences) {
    const Error error = explain_curl(sentence.failure);
    EXPECT_THAT(error.message, HasSubstr(sentence.said));
    EXPECT_EQ(to_string(error.phase), to_string(sentence.phase)) << sentence.said;
    EXPECT_EQ(error.retryable, sentence.retryable) << sentence.said;
  }
}

TEST(ExplainCurl, LetsARequestBeSentAgainThatTheServerSaidItDidNotLookAt) {
  for (const CURLcode code : {CURLE_HTTP2, CURLE_SEND_ERROR, CURLE_RECV_ERROR}) {
    CurlFailure failure{.code = code, .host = "h.example", .begun = true, .refused = true};
    const Error error = explain_curl(failure);
    EXPECT_EQ(to_string(error.phase), to_string(Phase::headers));
    EXPECT_TRUE(error.retryable);
    EXPECT_THAT(error.message, HasSubstr("h.example did not look at the request"));
    failure.headed = true;
    EXPECT_FALSE(explain_curl(failure).retryable);
  }
}

TEST(ExplainCurl, DoesNotTakeAcknowledgementsOfHttp2ForTheRequest) {
  const Error error =
      explain_curl({.code = CURLE_SEND_ERROR, .host = "h.example", .begun = true, .sent = true});
  EXPECT_EQ(to_string(error.phase), to_string(Phase::headers));
  EXPECT_FALSE(error.retryable);
}

TEST(ExplainCurl, NamesTheConnectTimer) {
  const Error error = explain_curl({.code = CURLE_OPERATION_TIMEDOUT,
                                    .host = "h.example",
                                    .connect_timeout = std::chrono::milliseconds(250)});
  EXPECT_THAT(error.message, HasSubstr("within 250 ms"));
}

}  // namespace
}  // namespace ek
