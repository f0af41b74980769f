// The model that a CrowdServer plays, as an endpoint.
#pragma once

#include <string>

#include "endpointkit/endpoint.hpp"
#include "support/crowd_server.hpp"

namespace ek::testing {

inline Endpoint open_crowd(const Client& client, const CrowdServer& server) {
  return client
      .open("azureml://crowd.test/v1/chat/completions", Credentials::bearer(Secret("key")),
            {{"base_url", server.url()}})
      .value();
}
/// `how` is "events=K", or "" for a stream that is held.
inline ChatRequest ask(std::uint64_t id, std::string_view how = {}) {
  return {.messages = {user("id=" + std::to_string(id) + " " + std::string(how))}};
}

}  // namespace ek::testing
