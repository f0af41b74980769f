// Opens clouds in an environment of the test's making and looks at what they would send.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/uri.hpp"
#include "endpoint/cloud.hpp"
#include "support/test_environment.hpp"

namespace ek::test {

using OpenUri = Result<std::unique_ptr<Cloud>> (*)(const Uri&, const EndpointOptions&,
                                                   const Environment&);

inline Result<std::unique_ptr<Cloud>> open_cloud(OpenUri open, const std::string& text,
                                                 World world = {}) {
  auto uri = parse_uri(text);
  if (!uri) return uri.error();
  EndpointOptions options;
  for (const auto& [key, value] : uri->query) options.emplace(key, value);
  return open(*uri, options, *make_environment(std::make_shared<ManualClock>(), std::move(world)));
}

inline std::string header_of(const HttpRequest& request, std::string_view name) {
  return std::string(HttpHead{.headers = request.headers}.header(name));
}

inline HttpHead head(int status, std::vector<Header> headers = {}) {
  return {.status = status, .headers = std::move(headers)};
}

}  // namespace ek::test
