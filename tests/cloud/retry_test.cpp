// What each provider's refusals mean for the next attempt: from its own words to the wait.
#include "endpoint/retry.hpp"

#include <gtest/gtest.h>

#include "cloud/azure_ml/entry.hpp"
#include "cloud/cloud_fixture.hpp"
#include "cloud/sagemaker/entry.hpp"
#include "cloud/vertex/entry.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::optional<milliseconds> no;  // not tried again
const std::string aws = "sagemaker://eu-west-1/ep";
const std::string google = "vertex://p/us/publishers/google/models/g";
const std::string azure = "azureml://e.westeurope.inference.ml.azure.com/score";

std::unique_ptr<Cloud> open_any(const std::string& uri) {
  const OpenUri open = uri == aws      ? sagemaker::open_uri
                       : uri == google ? vertex::open_uri
                                       : azure_ml::open_uri;
  return open_cloud(open, uri).value();
}

std::string rpc(std::string_view status, std::string_view details = "") {
  return R"({"error":{"message":"m","status":")" + std::string(status) + R"(","details":[)" +
         std::string(details) + "]}}";
}
std::string retry_info(std::string_view delay) {
  return R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":")" +
         std::string(delay) + R"("})";
}
HttpHead aws_head(int status, const char* code, std::vector<Header> more = {}) {
  more.push_back({"x-amzn-errortype", code});
  return head(status, std::move(more));
}

struct Row {
  std::string uri;
  HttpHead head;
  std::string body;
  std::optional<milliseconds> wait;  // before the second attempt, with random() = 1
  bool may_be_paid = false;          // and so only on retry_paid
};

// A throttle waits 1 s, all else 50 ms, unless the provider wishes otherwise.
const Row rows[] = {
    {google, head(429), rpc("RESOURCE_EXHAUSTED"), 1s},
    {google, head(429), rpc("RESOURCE_EXHAUSTED", retry_info("30s")), 30s},
    {google, head(429), rpc("RESOURCE_EXHAUSTED", retry_info("1.5s")), 1500ms},
    {google, head(429), rpc("RESOURCE_EXHAUSTED", retry_info("0.25s")), 1s},  // never sooner
    {google, head(429), rpc("RESOURCE_EXHAUSTED", retry_info("86400s")), no},
    {google, head(429), "[" + rpc("RESOURCE_EXHAUSTED", retry_info("2s")) + "]", 2s},
    {google, head(503, {{"retry-after", "7"}}), rpc("UNAVAILABLE"), 7s},
    {google, head(503, {{"retry-after", "7"}}), rpc("UNAVAILABLE", retry_info("3s")), 3s},
    {google, head(502), "<html><title>502</title>", 50ms},
    {google, head(500), rpc("INTERNAL"), 50ms},
    {google, head(500), rpc("UNKNOWN"), 50ms},
    {google, head(408), "", 50ms, true},
    {google, head(504), rpc("DEADLINE_EXCEEDED"), 50ms, true},
    {google, head(501), rpc("UNIMPLEMENTED"), no},
    {google, head(400), rpc("FAILED_PRECONDITION"), no},
    {google, head(403), rpc("PERMISSION_DENIED"), no},
    {google, head(404), "<html><title>404</title>", no},

    {azure, head(429), "too many pending", 1s},
    {azure, head(429, {{"retry-after-ms", "1200"}, {"retry-after", "9"}}), "", 1200ms},
    {azure, head(429, {{"x-ms-retry-after-ms", "1300.5"}, {"retry-after", "9"}}), "", 1300ms},
    {azure, head(429, {{"retry-after", "Wed, 25 Nov 2026 12:00:20 GMT"}}), "", 20s},
    {azure, head(429, {{"retry-after", "Wed, 25 Nov 2026 11:00:00 GMT"}}), "", 1s},
    {azure, head(429, {{"retry-after", "86400"}}), "", no},
    {azure, head(429), R"({"error":{"code":"insufficient_quota","message":"m"}})", no},
    {azure, head(424, {{"ms-azureml-model-error-statuscode", "429"}}), "", 50ms},
    {azure, head(424, {{"ms-azureml-model-error-statuscode", "503"}}), "", 50ms},
    {azure, head(424, {{"ms-azureml-model-error-statuscode", "500"}}), "", no},
    {azure, head(500), "", 50ms},
    {azure, head(503), "", 50ms},
    {azure, head(503, {{"x-should-retry", "false"}}), "", no},
    {azure, head(409, {{"x-should-retry", "true"}}), "", 50ms},
    {azure, head(408), "", 50ms, true},  // the container goes on: Azure/azure-sdk-for-python#36296
    {azure, head(504), "", 50ms, true},
    {azure, head(504, {{"x-should-retry", "true"}}), "", 50ms, true},

    {aws, aws_head(400, "ThrottlingException"), "", 1s},
    {aws, aws_head(400, "ThrottlingException", {{"x-amz-retry-after", "1500"}}), "", 1500ms},
    {aws, aws_head(400, "ThrottlingException", {{"x-amz-retry-after", "90000"}}), "", 6s},
    {aws, aws_head(429, "ModelNotReadyException"), "", 50ms},
    {aws, aws_head(400, "ServiceQuotaExceededException"), "", no},
    {aws, aws_head(503, "ServiceUnavailable"), "", 50ms},
    {aws, aws_head(500, "InternalFailure"), "", 50ms},
    {aws, aws_head(424, "ModelError"), R"({"OriginalStatusCode":500})", no},
    {aws, aws_head(408, "ModelTimeoutException"), "", 50ms, true},
    {aws, aws_head(400, "ValidationError"),
     R"({"message":"Inference Component has no capacity to process this request."})", 50ms},
};

TEST(RetryOfEachCloud, FollowsItsOwnWords) {
  const ManualClock clock;  // Wed, 25 Nov 2026 12:00:00
  for (const Row& row : rows) {
    Error error = open_any(row.uri)->explain(row.head, row.body);
    error.http_status = row.head.status;
    heed_headers(error, row.head, clock.now());
    const auto wait = [&](bool retry_paid) {
      return retry_delay(error, {.retry_paid = retry_paid}, 1, 1.0, 600s, is_retry_hint(row.head));
    };
    SCOPED_TRACE(describe(error));
    EXPECT_EQ(wait(true), row.wait);
    EXPECT_EQ(wait(false), row.may_be_paid ? no : row.wait);
  }
}

}  // namespace
}  // namespace ek::test
