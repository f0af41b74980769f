#include "endpointkit/endpoint.hpp"

#include <gmock/gmock.h>

#include "support/test_endpoint.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;

const ChatRequest hello{.messages = {user("Hello!")}};
const std::string whole_answer =
    R"({"id":"a1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi!"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}})";

TEST(EndpointChat, WaitsForTheWholeAnswer) {
  TestEndpoint test;
  test.transport->reply({.headers = {{"content-type", "application/json"}},
                         .body = {whole_answer.substr(0, 20), whole_answer.substr(20)}});
  const auto reply = test.open().chat(hello);
  ASSERT_TRUE(reply) << describe(reply.error());
  EXPECT_EQ(reply->text(), "Hi!");
  EXPECT_EQ(reply->finish_reason, FinishReason::stop);
  EXPECT_EQ(reply->usage.output_tokens, 2);
  EXPECT_EQ(reply->model, "m");
  EXPECT_EQ(test.transport->requests()[0].url, "https://test/whole");
}

TEST(EndpointChat, RefusesABrokenAnswer) {
  TestEndpoint test;
  test.transport->reply({.headers = {{"x-request-id", "r9"}}, .body = {"<html>"}});
  const auto reply = test.open().chat(hello);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().phase, Phase::headers);
  EXPECT_EQ(reply.error().request_id, "r9");
}

TEST(EndpointChat, SaysTruncatedIfTheBodyIsCut) {
  TestEndpoint test;
  test.transport->reply({.body = {whole_answer.substr(0, 20)}, .error = truncated_error()});
  EXPECT_EQ(test.open().chat(hello).error().code, ErrorCode::truncated);
}

TEST(EndpointChat, TakesAWholeAnswerToAStreamedQuestion) {
  TestEndpoint test;
  test.transport->reply(
      {.headers = {{"content-type", "application/json"}}, .body = {whole_answer}});
  const Endpoint endpoint = test.open();
  auto stream = endpoint.chat_stream(hello);
  std::string text;
  while (auto event = stream->next()) {
    ASSERT_TRUE(*event) << describe(event->error());
    text += (*event)->text();
  }
  EXPECT_EQ(text, "Hi!");
  EXPECT_EQ(stream->reply().finish_reason, FinishReason::stop);
}

TEST(EndpointChat, RefusesACompressedAnswerAndNamesItsEncoding) {
  TestEndpoint test;
  test.transport->handle([](const HttpRequest&) {
    return ScriptedReply{.headers = {{"content-encoding", "gzip"}}, .body = {"\x1f\x8b"}};
  });
  const Endpoint endpoint = test.open();
  const Error whole = endpoint.chat(hello).error();
  const Error streamed = endpoint.chat_stream(hello)->next()->error();
  for (const Error& error : {whole, streamed}) {
    EXPECT_EQ(error.code, ErrorCode::server_error);
    EXPECT_EQ(error.phase, Phase::decode);
    EXPECT_THAT(error.message, testing::HasSubstr("Content-Encoding gzip"));
    EXPECT_FALSE(error.retryable);
  }
  EXPECT_EQ(endpoint.invoke({.body = "x"})->body, "\x1f\x8b") << "bytes are bytes";
}

TEST(EndpointStream, KeepsTheReplySoFar) {
  TestEndpoint test;
  test.transport->reply(
      {.headers = sse(), .body = {text_chunk("Hel"), text_chunk("lo"), finish_chunk()}});
  const Endpoint endpoint = test.open();
  auto stream = endpoint.chat_stream(hello);
  EXPECT_EQ(stream->reply().text(), "");
  while (stream->next()) {
  }
  EXPECT_EQ(stream->reply().text(), "Hello");
  EXPECT_EQ(stream->reply().message.role, Role::assistant);
  EXPECT_FALSE(stream->next()) << "after the end there is nothing, again and again";
}

TEST(EndpointInvoke, SendsAndGivesBytesUnchanged) {
  const std::string bytes("\x00\xff{\n", 4);
  TestEndpoint test;
  test.transport->reply(
      {.headers = {{"content-type", "application/x-npy"}, {"x-request-id", "r"}}, .body = {bytes}});
  const auto reply = test.open().invoke({.body = bytes, .headers = {{"x-mine", "1"}}});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, bytes);
  EXPECT_EQ(reply->content_type, "application/x-npy");
  EXPECT_EQ(reply->request_id, "r");
  const HttpRequest request = test.transport->requests()[0];
  EXPECT_EQ(request.body, bytes);
  EXPECT_EQ(HttpHead{.headers = request.headers}.header("x-mine"), "1");
}

TEST(EndpointInvoke, StreamsPiecesAsTheyCome) {
  TestEndpoint test;
  test.transport->reply({.headers = {{"content-type", "text/plain"}}, .body = {"ab", "c", "de"}});
  const Endpoint endpoint = test.open();
  auto stream = endpoint.invoke_stream({.body = "x"});
  std::vector<std::string> pieces;
  while (auto piece = stream->next()) pieces.push_back(piece->value());
  EXPECT_THAT(pieces, testing::ElementsAre("ab", "c", "de"));
  EXPECT_EQ(stream->content_type(), "text/plain");
}

TEST(EndpointInvoke, TellsACutStream) {
  TestEndpoint test;
  test.transport->reply({.body = {"ab"}, .error = truncated_error()});
  const Endpoint endpoint = test.open();
  auto stream = endpoint.invoke_stream({.body = "x"});
  EXPECT_EQ(stream->next()->value(), "ab");
  EXPECT_EQ(stream->next()->error().code, ErrorCode::truncated);
  EXPECT_FALSE(stream->next());
}

TEST(EndpointHeaders, CannotReplaceTheLibrarysOwnOrSmuggle) {
  TestEndpoint test;
  const Endpoint endpoint = test.open();
  const Header table[] = {{"Authorization", "x"}, {"HOST", "evil"}, {"content-length", "1"},
                          {"a b", "c"},           {"", "x"},        {"x", "a\r\nb: c"}};
  for (const Header& header : table) {
    const auto reply = endpoint.invoke({.body = "x"}, {.headers = {header}});
    ASSERT_FALSE(reply) << header.name;
    EXPECT_EQ(reply.error().code, ErrorCode::invalid_request);
  }
}

TEST(EndpointOpen, DescribesItself) {
  TestEndpoint test;
  const Endpoint endpoint = test.open();
  EXPECT_EQ(endpoint.uri(), "test://model");
  EXPECT_EQ(endpoint.describe_credentials(), "test signer");
}

}  // namespace
}  // namespace ek::test
