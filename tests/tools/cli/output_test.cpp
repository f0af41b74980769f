#include "tools/cli/output.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

namespace ek::cli {
namespace {

TEST(ExitCode, TellsUserProviderAndTransportApart) {
  struct Row {
    Error error;
    ExitCode code;
  };
  const Row table[] = {
      {{.code = ErrorCode::invalid_request, .phase = Phase::request}, user_error},
      {{.code = ErrorCode::authentication, .phase = Phase::credentials}, user_error},
      {{.code = ErrorCode::authentication,
        .phase = Phase::credentials,
        .provider_code = "invalid_client"},
       provider_error},
      {{.code = ErrorCode::transport, .phase = Phase::credentials}, transport_error},
      {{.code = ErrorCode::permission, .phase = Phase::headers, .http_status = 403},
       provider_error},
      {{.code = ErrorCode::timeout, .phase = Phase::headers, .http_status = 408}, provider_error},
      {{.code = ErrorCode::server_error, .phase = Phase::decode}, provider_error},
      {{.code = ErrorCode::transport, .phase = Phase::dns}, transport_error},
      {{.code = ErrorCode::timeout, .phase = Phase::first_event}, transport_error},
      {{.code = ErrorCode::truncated, .phase = Phase::stream}, transport_error},
      // An answer that began well has the status of its beginning.
      {{.code = ErrorCode::transport, .phase = Phase::stream, .http_status = 200}, transport_error},
      {{.code = ErrorCode::truncated, .phase = Phase::stream, .http_status = 200}, transport_error},
      {{.code = ErrorCode::timeout, .phase = Phase::stream, .http_status = 200}, transport_error},
      {{.code = ErrorCode::truncated, .phase = Phase::headers, .http_status = 503},
       transport_error},
      {{.code = ErrorCode::timeout,
        .phase = Phase::stream,
        .http_status = 200,
        .provider_code = "DEADLINE_EXCEEDED"},
       provider_error},
      {{.code = ErrorCode::model_error, .phase = Phase::stream, .http_status = 200},
       provider_error},
      {{.code = ErrorCode::cancelled, .phase = Phase::stream}, interrupted},
  };
  for (const Row& row : table) EXPECT_EQ(exit_code(row.error), row.code) << describe(row.error);
}

TEST(Report, IsASentenceOrJson) {
  const Error error{.code = ErrorCode::truncated,
                    .phase = Phase::stream,
                    .message = "cut",
                    .retryable = true,
                    .output_delivered = true};
  std::ostringstream text, json;
  EXPECT_EQ(report(error, false, text), transport_error);
  EXPECT_THAT(text.str(), testing::AllOf(testing::StartsWith("error: truncated (stream): cut\n"),
                                         testing::HasSubstr("not the whole answer")));
  report(error, true, json);
  EXPECT_THAT(json.str(), testing::AllOf(testing::StartsWith("{\"error\":{"),
                                         testing::HasSubstr("\"code\":\"truncated\""),
                                         testing::EndsWith("}}\n")));
}

TEST(Finish, TellsOfOutputThatCouldNotBeWritten) {
  std::ofstream full("/dev/full");
  std::ostringstream good, err;
  full << "answer";
  EXPECT_EQ(finish(success, full, err), unwritten);
  EXPECT_THAT(err.str(), testing::HasSubstr("could not be written"));
  EXPECT_EQ(finish(provider_error, full, err), provider_error);
  err.str("");
  good << "answer";
  EXPECT_EQ(finish(success, good, err), success);
  EXPECT_EQ(finish(interrupted, good, err), interrupted);
  EXPECT_EQ(err.str(), "");
}

}  // namespace
}  // namespace ek::cli
