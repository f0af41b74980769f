// What the tests of the library against the emulator have in common.
#pragma once

#include <gtest/gtest.h>

#include <cctype>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "endpointkit/endpoint.hpp"
#include "endpointkit/ext/environment.hpp"
#include "endpointkit/ext/transport.hpp"
#include "support/matchers.hpp"
#include "support/test_path.hpp"
#include "tools/emulator/emulator.hpp"
#include "tools/emulator/faults.hpp"

namespace ek::test {

/// An emulator of this test's own, with a key of its own for each cloud.
class Emulated : public ::testing::Test {
 protected:
  void start(emulator::Options options = {}) {
    options.azure_key = true;
    options.google_key_file = key_file_;
    auto started = emulator::Emulator::start(std::move(options));
    ASSERT_THAT(started, IsOk());
    emulator_ = *std::move(started);
  }
  void TearDown() override { std::filesystem::remove(key_file_); }

  /// One that finds the emulator by its variables, as an application would, and backs off for no
  /// time.
  [[nodiscard]] Client client(
      ClientOptions options = {},
      std::function<SteadyTime()> steady_now = std::chrono::steady_clock::now) const {
    Environment environment = system_environment();
    environment.variable = [variables = emulator_->environment()](
                               const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
    environment.steady_now = std::move(steady_now);
    environment.random = [] { return 0.0; };
    options.environment = std::make_shared<const Environment>(std::move(environment));
    return Client(std::move(options));
  }
  [[nodiscard]] Endpoint open(const Client& client, std::string cloud) const {
    for (char& c : cloud) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return client.open(emulator_->environment().at("ENDPOINTKIT_" + cloud + "_URI")).value();
  }
  [[nodiscard]] nlohmann::json stats() const {
    return nlohmann::json::parse(emulator_->stats_json());
  }
  /// How many answers were begun, and so paid.
  [[nodiscard]] int generations() const {
    int sum = 0;
    const nlohmann::json all = stats();
    for (const nlohmann::json& one : all["endpoints"]) sum += one["generations"].get<int>();
    return sum;
  }
  static CallOptions ordering(const std::string& order) {
    return {.headers = {{std::string(emulator::fault_header), order}}};
  }

  std::unique_ptr<emulator::Emulator> emulator_;

 private:
  const std::string key_file_ = test_path("key.json");
};

}  // namespace ek::test
