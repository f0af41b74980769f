// Each fault of the emulator, on each cloud, through each face of the API: how the call ends, that
// what was delivered is true, and that nothing is paid twice.
#include "tools/emulator/faults.hpp"

#include <gmock/gmock.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <span>

#include "endpointkit/endpoint.hpp"
#include "endpointkit/group.hpp"
#include "endpointkit/observer.hpp"
#include "http/http2_words.hpp"
#include "tools/emulated.hpp"
#include "tools/faces.hpp"

namespace ek {
namespace {

using namespace std::chrono_literals;
using namespace test;

constexpr unsigned whole = whole_chat | whole_bytes;
constexpr unsigned streams = chat_events | byte_pieces;
constexpr unsigned chats = whole_chat | chat_events;
constexpr unsigned bytes = whole_bytes | byte_pieces;
constexpr unsigned all = whole | streams;

struct Row {
  std::string order;
  unsigned kinds = all;        // of faces
  std::string outcome = "ok";  // Outcome::name()
  int hits = 1;                // requests that the fault hit
  int paid = 1;                // generations that a provider would bill
  bool silence = false;        // nothing more comes, so a timer ends the call
  std::string clouds = "sagemaker vertex azureml";
  bool kept_connection = false;  // a face that keeps none is left out
};

constexpr bool silent = true;

// A row for each thing that an application could see.
const Row rows[] = {
    // Refused: nothing is paid, and what may be tried again is, within the policy.
    {"401", all, "authentication/headers", 1, 0, {}, "sagemaker azureml"},
    {"401", all, "authentication/headers", 2, 0, {}, "vertex"},  // once with a new token
    {"401;times=1", all, "ok", 1, 1, {}, "vertex"},
    {"expired-token", all, "authentication/headers", 1, 0, {}, "sagemaker azureml"},
    {"expired-token;times=1", all, "ok", 1, 1, {}, "vertex"},
    {"403", all, "permission/headers", 1, 0},
    {"429", all, "rate_limit/headers", 3, 0},
    {"429;times=2", all, "ok", 2, 1},
    {"500", all, "server_error/headers", 3, 0},
    {"500;times=2", all, "ok", 2, 1},
    {"502;times=2", all, "ok", 2, 1},
    {"503;times=2", all, "ok", 2, 1},
    // A gateway's timeout says nothing about the model, which may have answered.
    {"504", all, "server_error/headers", 1, 0, {}, "sagemaker"},
    {"504", all, "timeout/headers", 1, 0, {}, "vertex azureml"},
    {"html", all, "server_error/headers", 3, 0},
    {"html;times=1", all, "ok", 1, 1},
    // Not what was promised. Raw bytes are handed out as they come.
    {"html;status=200", chats, "server_error/headers", 1, 0},
    {"html;status=200", bytes, "ok", 1, 0},
    {"wrong-type", all, "ok"},
    // Late.
    {"slow-headers", whole, "timeout/total", 1, 0, silent},
    {"slow-headers", streams, "timeout/first_event", 1, 0, silent},
    {"stall", streams, "timeout/first_event", 1, 1, silent},
    {"stall;after=20", whole, "timeout/idle", 1, 1, silent},
    {"stall;after=2000", streams, "timeout/idle", 1, 1, silent},
    {"stall;after=20;ms=5", all, "ok"},
    {"trickle", all, "ok"},
    // Cut: never "stop", and never asked again, since it may have been paid.
    {"cut", all, "truncated/stream"},
    {"cut;after=50", all, "truncated/stream"},
    {"cut;after=2000", streams, "truncated/stream"},
    {"reset;after=50", all, "truncated/stream"},
    {"reset;after=2000", streams, "truncated/stream"},
    // A kept connection that breaks at once was stale: the request goes out anew.
    {"reset;times=1", whole, "ok", 1, 1, {}, "sagemaker vertex azureml", true},
    // Spoilt.
    {"garble", whole_chat, "server_error/decode"},
    {"garble;after=5", chat_events, "server_error/decode"},
    {"garble;after=5", byte_pieces, "server_error/decode", 1, 1, {}, "sagemaker"},
    {"wrong-crc", streams, "server_error/decode", 1, 1, {}, "sagemaker"},
    {"wrong-crc;event=5", streams, "server_error/decode", 1, 1, {}, "sagemaker"},
    {"duplicate;event=2", streams, "ok"},
    // After the end. Gemini's streams and raw bytes have none but that of the body.
    {"early-close", whole | chat_events, "ok", 1, 1, {}, "sagemaker azureml"},
    {"early-close", whole, "ok", 1, 1, {}, "vertex"},
    {"early-close", chat_events, "truncated/stream", 1, 1, {}, "vertex"},
    {"early-close", byte_pieces, "truncated/stream"},
    {"keep-open", whole | chat_events, "ok", 1, 1, {}, "sagemaker azureml"},
    {"keep-open", whole, "ok", 1, 1, {}, "vertex"},
    {"keep-open", chat_events, "timeout/idle", 1, 1, silent, "vertex"},
    {"keep-open", byte_pieces, "timeout/idle", 1, 1, silent},
    // An error inside a stream that began well: the model was at work.
    {"error-frame;after=0", streams, "model_error/stream", 1, 1, {}, "sagemaker"},
    {"error-frame;after=0", chat_events, "unavailable/stream", 1, 1, {}, "vertex azureml"},
    {"error-frame;after=9", streams, "model_error/stream", 1, 1, {}, "sagemaker"},
    {"error-frame;after=3", chat_events, "unavailable/stream", 1, 1, {}, "vertex azureml"},
    {"unframed-error;after=0", streams, "unavailable/stream", 1, 1, {}, "sagemaker"},
    {"unframed-error;after=0", chat_events, "unavailable/stream", 1, 1, {}, "vertex azureml"},
    {"unframed-error;after=9", streams, "unavailable/stream", 1, 1, {}, "sagemaker"},
    {"unframed-error;after=3", chat_events, "unavailable/stream", 1, 1, {}, "vertex azureml"},
};

// The same, in HTTP/2's own words.
const Row http2_rows[] = {
    // Not looked at: asked again, and nothing was paid.
    {"goaway;times=1"},
    {"goaway", all, "transport/headers", 3, 0},
    {"rst-stream;times=1"},
    {"rst-stream", all, "transport/headers", 3, 0},
    // In the middle, or who knows how far: never again.
    {"rst-stream;code=2", all, "transport/headers", 1, 0},
    {"rst-stream;code=8", all, "transport/headers", 1, 0},
    {"rst-stream;after=50;code=8", whole, "truncated/stream"},
    {"rst-stream;after=2000;code=8", streams, "truncated/stream"},
    {"goaway;after=50", whole, "truncated/stream"},
    {"goaway;after=2000", streams, "truncated/stream"},
    {"cut;after=50", whole, "truncated/stream"},
    {"cut;after=2000", streams, "truncated/stream"},
    {"reset;after=50", whole, "truncated/stream"},
    {"reset;after=2000", streams, "truncated/stream"},
    // The last of its connection.
    {"drain"},
};

/// Stands still until the emulator has fallen silent, then goes on whenever somebody looks at it:
/// a timer runs out if nothing more can come, and never because this machine was late.
class SilenceClock {
 public:
  explicit SilenceClock(std::function<bool(const std::string& order)> is_silent)
      : is_silent_(std::move(is_silent)) {}

  SteadyTime now() {
    const std::lock_guard lock(mutex_);
    // A look costs nothing, to ask the emulator does.
    if (!silent_ && looks_++ % 64 == 0) silent_ = is_silent_(order_);
    if (silent_) time_ += 100ms;
    return time_;
  }
  /// The next silence is that of the fault with this order.
  void await(const std::string& order) {
    const std::lock_guard lock(mutex_);
    order_ = order;
    silent_ = false;
  }

 private:
  const std::function<bool(const std::string& order)> is_silent_;
  std::mutex mutex_;
  std::string order_;
  bool silent_ = false;
  unsigned looks_ = 0;
  // Always past for whoever waits by the real clock, so that he looks at this one at once.
  SteadyTime time_ = std::chrono::steady_clock::now() - 24h;
};

class Clouds : public Emulated, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override { start(); }
  [[nodiscard]] int count(const char* what, const std::string& order) const {
    return stats()[what].value(order, 0);
  }
  [[nodiscard]] int hits(const std::string& order) const { return count("faults", order); }

  void run(std::span<const Row> table, const ClientOptions& options);
  void run(const Row& row, const Face& face, const Client& client, const Outcome& good);

  SilenceClock clock_{[this](const std::string& order) { return count("silences", order) > 0; }};
};

// Faults that strike when several events were sent.
bool strikes_late(std::string_view order) {
  const auto has = [&](std::string_view part) { return order.find(part) != order.npos; };
  return has("after=2000") || has("after=3") || has("after=9") || has("event=5");
}

// What came before the fault stays delivered, and nothing but the fault changes the answer.
void expect_delivered(const Row& row, const Face& face, const Outcome& outcome, const Outcome& good,
                      bool loses_what_comes_last) {
  if (outcome.error && strikes_late(row.order) && !loses_what_comes_last) {
    EXPECT_GT(outcome.pieces, 0);
  }
  if ((face.kind & chats) == 0) return;
  if (row.order.starts_with("duplicate")) {
    EXPECT_GE(outcome.text.size(), good.text.size());
  } else if (outcome.error || row.order.starts_with("garble")) {
    EXPECT_THAT(good.text, testing::StartsWith(outcome.text));
  } else {
    EXPECT_EQ(outcome.text, good.text);
  }
}

void Clouds::run(std::span<const Row> table, const ClientOptions& options) {
  for (const Face& face : faces()) {
    const Client usual = client(options);
    const Client timed = client(options, [this] { return clock_.now(); });
    const Outcome good = face.run(usual, open(usual, GetParam()));
    ASSERT_EQ(good.name(), "ok");
    for (const Row& row : table) {
      const bool meant = (row.kinds & face.kind) != 0 &&
                         row.clouds.find(GetParam()) != std::string::npos &&
                         !(face.in_loop && row.kept_connection);
      if (meant) run(row, face, row.silence ? timed : usual, good);
    }
  }
}

void Clouds::run(const Row& row, const Face& face, const Client& client, const Outcome& good) {
  const std::string order = row.order + ";id=" + face.name;
  SCOPED_TRACE(order);
  const Endpoint endpoint = open(client, GetParam());
  if (row.kept_connection) face.run(client, endpoint);
  const int paid = generations();
  clock_.await(order);
  const Outcome outcome = face.run(client, endpoint, ordering(order));
  clock_.await("");

  // libcurl before 8.1 drops what comes together with the reset of its stream, the head too.
  const bool loses_what_comes_last =
      emulator_->base_url().starts_with("https:") && !has_sound_http2();
  const bool headless = loses_what_comes_last && row.outcome == "truncated/stream";
  EXPECT_THAT(outcome.name(),
              testing::AnyOf(row.outcome, headless ? "transport/headers" : row.outcome))
      << (outcome.error ? describe(*outcome.error) : "");
  EXPECT_EQ(outcome.ends, 1);
  EXPECT_EQ(generations() - paid, row.paid);
  // Where HTTP/2 says that nothing was looked at libcurl itself asks again, five times; after
  // GOAWAY from 8.1 on.
  const bool asked_by_libcurl =
      row.order == "rst-stream" || (has_sound_http2() && row.order == "goaway");
  if (asked_by_libcurl) {
    EXPECT_GT(hits(order), row.hits);
  } else {
    EXPECT_EQ(hits(order), row.hits);
  }
  expect_delivered(row, face, outcome, good, loses_what_comes_last);
  EXPECT_EQ(face.run(client, endpoint).name(), "ok") << "the client goes on";
  if (!outcome.error) return;
  EXPECT_EQ(outcome.error->output_delivered, outcome.pieces > 0);
  EXPECT_EQ(outcome.error->attempts, row.hits);
}

TEST_P(Clouds, EndEachCallAsItsFaultSays) { run(rows, {}); }

/// Keeps what was said of the wait before the next attempt.
struct Waits final : Observer {
  std::optional<std::chrono::milliseconds> last;
  void on_moment(const CallMoment& moment) noexcept override {
    if (moment.retry_in) last = moment.retry_in;
  }
};

TEST_P(Clouds, WaitAsLongAsTheProviderAsks) {
  const std::pair<const char*, std::chrono::milliseconds> wishes[] = {
      {"retry-after-ms=20", 20ms}, {"x-ms-retry-after-ms=20", 20ms}, {"x-amz-retry-after=20", 20ms},
      {"retry-after=0.02", 20ms},  {"retry-after=0", 0ms},           {"retry-date=0", 0ms},
      {"retry-after=-5", 0ms},     {"retry-after=soon", 0ms},        {"retry-after-ms=1e999", 0ms}};
  const Client client = this->client();
  for (const std::string status : {"429", "503"}) {
    for (const auto& [wish, wait] : wishes) {
      const std::string order = status + ";times=1;" + wish;
      CallOptions options = ordering(order);
      const auto waits = std::make_shared<Waits>();
      options.observer = waits;
      const Outcome outcome = chat(client, open(client, GetParam()), options);
      EXPECT_EQ(outcome.name(), "ok") << order;
      EXPECT_EQ(waits->last, wait) << order;
    }
  }
}

TEST_P(Clouds, HandOutAWishThatIsTooLongToBeGranted) {
  std::vector<std::pair<std::string, std::chrono::milliseconds>> wishes = {
      {"429;retry-after=61", 61s},
      {"503;retry-after=61", 61s},
      {"429;retry-after-ms=61000", 61s},
      {"429;x-ms-retry-after-ms=61000", 61s},
      {"429;retry-after=99999999999999999999", 1'000'000'000'000ms}};
  if (GetParam() == "vertex") wishes.emplace_back("429;retry-info=61", 61s);
  const Client client = this->client();
  for (const auto& [order, wish] : wishes) {
    const Outcome outcome = chat(client, open(client, GetParam()), ordering(order));
    ASSERT_TRUE(outcome.error) << order;
    EXPECT_EQ(outcome.error->retry_after, wish) << order;
    EXPECT_EQ(hits(order), 1) << order;
  }
  const Outcome dated = chat(client, open(client, GetParam()), ordering("429;retry-date=90"));
  ASSERT_TRUE(dated.error);
  EXPECT_GT(dated.error->retry_after, 61s);
  EXPECT_LE(dated.error->retry_after, 90s);
}

// The fault hits this cloud alone, and the next one stands in, until something was handed out.
TEST_P(Clouds, AreStoodInForUntilTheFirstEvent) {
  const std::string next = GetParam() == "vertex" ? "azureml" : "vertex";
  const Client client = this->client();
  const Endpoint ours = open(client, GetParam());
  const Endpoint theirs = open(client, next);
  const Endpoint group = make_group({{&ours}, {&theirs}}).value();
  const std::pair<const char*, const char*> cases[] = {
      {"503", "ok"}, {"403", "ok"}, {"cut;after=2000", "truncated/stream"}};
  for (const auto& [fault, wanted] : cases) {
    const std::string order = std::string(fault) + ";cloud=" + GetParam();
    SCOPED_TRACE(order);
    const int paid = generations();
    const Outcome outcome = chat_stream(client, group, ordering(order));
    EXPECT_EQ(outcome.name(), wanted) << (outcome.error ? describe(*outcome.error) : "");
    EXPECT_EQ(outcome.ends, 1);
    EXPECT_EQ(hits(order), 1);
    EXPECT_EQ(generations() - paid, 1);
  }
}

class CloudsOverHttp2 : public Clouds {
 protected:
  void SetUp() override { start({.tls = true, .ca_file = ca_file_}); }
  void TearDown() override {
    std::filesystem::remove(ca_file_);
    Clouds::TearDown();
  }
  const std::string ca_file_ = test_path("ca.pem");
};

TEST_P(CloudsOverHttp2, EndEachCallAsItsFrameSays) {
  run(http2_rows, {.network = {.http_version = HttpVersion::http2}});
  EXPECT_EQ(stats()["tls"]["http1"], 0);
}

const auto clouds = testing::Values("sagemaker", "vertex", "azureml");
INSTANTIATE_TEST_SUITE_P(Faults, Clouds, clouds, [](const auto& cloud) { return cloud.param; });
INSTANTIATE_TEST_SUITE_P(Faults, CloudsOverHttp2, clouds,
                         [](const auto& cloud) { return cloud.param; });

}  // namespace
}  // namespace ek
