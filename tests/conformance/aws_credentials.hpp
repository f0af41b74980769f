// What the suites of AWS credentials share: a machine made of a case's files and variables.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "conformance/scripted_web.hpp"
#include "conformance/suite.hpp"
#include "signing/signer.hpp"
#include "support/test_environment.hpp"

namespace ek::conformance {

/// A client on that machine. Programs are really run; nothing else is real.
struct AwsMachine {
  explicit AwsMachine(test::World world, std::shared_ptr<test::ManualClock> time =
                                             std::make_shared<test::ManualClock>());

  [[nodiscard]] SigningServices services() const;
  [[nodiscard]] SignContext context() const;

  std::shared_ptr<test::ManualClock> clock;
  std::shared_ptr<ScriptedWeb> web = std::make_shared<ScriptedWeb>();
  std::shared_ptr<const Environment> environment;
  std::shared_ptr<TokenCache> tokens = make_token_cache();
};

/// All texts of a JSON object, or none if it is missing.
std::map<std::string, std::string> text_map(const nlohmann::json& object);

// Suites of single functions: parser, files, chains, hosts, sessions.
void run_profile_parser(const std::filesystem::path& file, Report& report);
void run_file_locations(const std::filesystem::path& file, Report& report);
void run_assume_role(const std::filesystem::path& file, Report& report);
void run_container_urls(const std::filesystem::path& file, Report& report);
void run_imds_endpoints(const std::filesystem::path& file, Report& report);
void run_login_sessions(const std::filesystem::path& file, Report& report);
void run_trace_headers(const std::filesystem::path& file, Report& report);
void run_seeds(const std::filesystem::path& folder, Report& report);

}  // namespace ek::conformance
