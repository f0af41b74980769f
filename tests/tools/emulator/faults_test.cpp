#include "tools/emulator/faults.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emulator_fixture.hpp"
#include "tools/emulator/fault_kinds.hpp"

namespace ek::emulator {
namespace {

using testing::HasSubstr;

TEST(ParseFault, ReadsAnOrder) {
  const auto fault = parse_fault("503; retry-after=Wed, 25 Nov 2026 12:00:00 GMT;times=2");
  ASSERT_THAT(fault, test::IsOk());
  EXPECT_EQ(fault->kind->name, "503");
  EXPECT_EQ(fault->text("retry-after"), "Wed, 25 Nov 2026 12:00:00 GMT");
  EXPECT_EQ(fault->number("times", 0), 2);
  EXPECT_EQ(fault->number("cloud", 7), 7);
}

TEST(ParseFault, NamesWhatThereIs) {
  const std::pair<const char*, const char*> orders[] = {
      {"cat;after=1", "there is no fault \"cat\"; there are 401, 403, 429"},
      {"", "there is no fault \"\""},
      {"cut;before=1",
       "the fault cut takes after=BYTES times=N cloud=TEXT id=TEXT, not \"before\""},
      {"cut;after=soon", "expected after=BYTES with a whole number, got \"soon\""},
      {"cut;after=-1", "got \"-1\""},
      {"503;cloud=vertx", "there is no cloud \"vertx\"; there are sagemaker, vertex, azureml"},
      {"early-close;", "the fault early-close takes times=N"}};
  for (const auto& [order, message] : orders) {
    const auto fault = parse_fault(order);
    ASSERT_FALSE(fault) << order;
    EXPECT_EQ(fault.error().code, ErrorCode::invalid_request);
    EXPECT_THAT(fault.error().message, HasSubstr(message)) << order;
  }
}

TEST(FaultHelp, NamesEveryFault) {
  for (const FaultKind& kind : fault_kinds()) {
    EXPECT_THAT(fault_help(), HasSubstr("  " + std::string(kind.name) + " ")) << kind.name;
    EXPECT_THAT(parse_fault(kind.name), test::IsOk());
  }
}

class Faults : public EmulatorTest {
 protected:
  Got ask(const std::string& fault, const std::string& body = hello_stream) const {
    httplib::Headers headers = bearer(emulator_->azure_key().reveal());
    if (!fault.empty()) headers.emplace(std::string(fault_header), fault);
    return post("/v1/chat/completions", headers, body);
  }
  json hits() const { return json::parse(emulator_->stats_json())["faults"]; }
};

TEST_F(Faults, CountTheTimesOfEachOrder) {
  for (const int status : {503, 503, 200}) EXPECT_EQ(ask("503;times=2").status, status);
  EXPECT_EQ(ask("503;times=2;id=next").status, 503);
  EXPECT_EQ(hits(), json({{"503;times=2", 2}, {"503;times=2;id=next", 1}}));
}

TEST_F(Faults, AreToldThatTheyDoNotExist) {
  const Got got = ask("cat");
  EXPECT_EQ(got.status, 400);
  EXPECT_THAT(got.body, HasSubstr("there is no fault \"cat\""));
}

TEST_F(Faults, SayWhatTheyCannotHappenTo) {
  EXPECT_THAT(ask("wrong-crc").body, HasSubstr("needs an AWS event stream"));
  EXPECT_THAT(ask("duplicate", hello).body, HasSubstr("needs a stream of events"));
  EXPECT_THAT(ask("429;retry-info=3").body, HasSubstr("Google's errors alone"));
  for (const char* fault : {"goaway", "goaway;after=9", "rst-stream"})
    EXPECT_THAT(ask(fault).body, HasSubstr("needs HTTP/2")) << fault;
}

TEST_F(Faults, HitOneCloudOfTheWholeServer) {
  start({.faults = {"500;cloud=azureml", "429"}});
  EXPECT_EQ(ask("").status, 500);
  EXPECT_EQ(ask("403").status, 403) << "the header goes first";
  EXPECT_EQ(invoke("/endpoints/chat/invocations", hello).status, 429);
  EXPECT_EQ(grant(google_claims()).status, 200) << "only models are hit";
}

TEST_F(Faults, DrainAConnectionAfterTheAnswer) {
  for (const bool drained : {true, false}) {
    httplib::Headers headers = bearer(emulator_->azure_key().reveal());
    headers.emplace("Connection", "keep-alive");
    headers.emplace(std::string(fault_header), "drain;times=1");
    const Got got = post("/v1/chat/completions", headers, hello);
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.header("Connection") == "close", drained);
  }
}

TEST_F(Faults, CutAfterSoManyBytes) {
  for (const char* body : {hello.c_str(), hello_stream.c_str()}) {
    for (const char* kind : {"cut", "reset"}) {
      const Got got = ask(std::string(kind) + ";after=120", body);
      EXPECT_EQ(got.status, 0) << "the exchange must break: " << kind;
      EXPECT_EQ(got.body.size(), 120U) << kind;
    }
  }
  EXPECT_EQ(ask("cut;after=1000000").status, 200);
}

TEST_F(Faults, LeaveTheBytesOfASlowAnswerAsTheyAre) {
  const auto events = [&](const std::string& fault) { return events_of(ask(fault).body).size(); };
  const std::size_t all = events("");
  EXPECT_EQ(events("trickle"), all);
  EXPECT_EQ(events("stall;after=100;ms=10"), all);
  EXPECT_EQ(events("slow-headers;ms=10"), all);
  EXPECT_EQ(events("duplicate;event=2"), all + 1);
  EXPECT_EQ(events("error-frame;after=2"), 3U);
}

TEST_F(Faults, GarbleOneBit) {
  const std::string good = ask("", hello).body, bad = ask("garble;after=2", hello).body;
  ASSERT_EQ(good.substr(0, 3), "{\"i");
  EXPECT_EQ(bad.substr(0, 4), "{\"hd");
}

TEST_F(Faults, RefuseInTheProvidersWords) {
  start({});
  const Got azure = ask("429;retry-date=30");
  EXPECT_EQ(azure.header("retry-after"), "Wed, 25 Nov 2026 12:00:30 GMT");
  EXPECT_EQ(ask("429;retry-after-ms=20").header("retry-after-ms"), "20");
  start({.faults = {"429;retry-info=3;cloud=vertex", "expired-token"}});
  const std::string path = "/v1/projects/p/locations/l/publishers/google/models/m:generateContent";
  const json google = post(path, {}, "{}").parsed();
  EXPECT_EQ(google["error"]["status"], "RESOURCE_EXHAUSTED");
  EXPECT_EQ(google["error"]["details"][0]["retryDelay"], "3s");
  const Got aws = invoke("/endpoints/chat/invocations", hello);
  EXPECT_EQ(aws.status, 403);
  EXPECT_THAT(aws.header("x-amzn-ErrorType"), testing::StartsWith("ExpiredTokenException"));
}

TEST_F(Faults, AreCountedByOrdersThatAreNoUtf8) {
  EXPECT_EQ(ask("503;id=caf\xE9").status, 503);
  EXPECT_EQ(hits(), json({{"503;id=caf\xEF\xBF\xBD", 1}}));
}

// Sends `request` and leaves.
void send_and_leave(int port, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const void* raw = &to;
  EXPECT_EQ(::connect(fd, static_cast<const sockaddr*>(raw), sizeof to), 0);
  EXPECT_EQ(::send(fd, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  ::close(fd);
}

TEST_F(Faults, HoldNoThreadForAClientThatLeftBeforeTheHeaders) {
  start({.connections = 1});
  send_and_leave(emulator_->port(),
                 "POST /score HTTP/1.1\r\nHost: emulator\r\nContent-Length: 2\r\n"
                 "x-emulator-fault: slow-headers\r\n\r\n{}");
  EXPECT_EQ(ask("").status, 200) << "by the one thread that there is";
  EXPECT_EQ(hits(), json({{"slow-headers", 1}}));
}

}  // namespace
}  // namespace ek::emulator
