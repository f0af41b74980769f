// What a conformance suite is: a folder of vectors that others wrote, and a function that runs them
// all.
// `./dev conformance [DIR]` prints one line a suite and each failure by name.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ek::conformance {

/// Collects the outcome of the cases of one suite.
class Report {
 public:
  void pass(const std::string& name);
  void fail(const std::string& name, const std::string& why);
  /// Passed if nothing is wrong.
  void tell(const std::string& name, const std::string& wrong);
  /// A case that does not apply, with a reason that its author would accept. Never counted as
  /// passed.
  void skip(const std::string& name, const std::string& reason);

  struct Line {
    std::string name, why;
  };
  [[nodiscard]] std::size_t passed() const { return passed_; }
  [[nodiscard]] const std::vector<Line>& failures() const { return failures_; }
  [[nodiscard]] const std::vector<Line>& skips() const { return skips_; }

 private:
  std::size_t passed_ = 0;
  std::vector<Line> failures_, skips_;
};

struct Suite {
  std::string
      folder;  ///< Below the conformance folder; also the suite's name: "sse", "aws-sigv4/v4".
  std::function<void(const std::filesystem::path& folder, Report& report)> run;
};

/// Reads a file whole; a missing one throws, which fails the suite by name.
std::string read_file(const std::filesystem::path& path);
nlohmann::json read_json(const std::filesystem::path& path);
/// The member `name`; "" if there is none or it is no text.
std::string text_of(const nlohmann::json& object, const char* name);

// One file a group, listed once in main.cpp.
std::vector<Suite> azure_auth_suites();      // azure_auth.cpp
std::vector<Suite> aws_endpoint_suites();    // aws_endpoints.cpp
std::vector<Suite> aws_retry_suites();       // aws_retry.cpp
std::vector<Suite> bedrock_auth_suites();    // bedrock_auth.cpp
std::vector<Suite> aws_credential_suites();  // aws_credentials.cpp
std::vector<Suite> sse_suites();             // sse.cpp
std::vector<Suite> event_stream_suites();    // event_stream.cpp
std::vector<Suite> google_auth_suites();     // google_auth.cpp
std::vector<Suite> sigv4_suites();           // sigv4.cpp
std::vector<Suite> model_suites();  // models.cpp: model-streams, model-responses, model-errors

}  // namespace ek::conformance
