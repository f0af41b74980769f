// The parts of the model suites.
#pragma once

#include "conformance/suite.hpp"

namespace ek::conformance {

void run_model_streams(const std::filesystem::path& folder, Report& report);    // models.cpp
void run_model_responses(const std::filesystem::path& folder, Report& report);  // models.cpp
void run_model_errors(const std::filesystem::path& folder, Report& report);     // model_errors.cpp

}  // namespace ek::conformance
