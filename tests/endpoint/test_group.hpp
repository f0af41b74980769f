// A group of three members that do as they are told, on a fake transport.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "endpoint/group_state.hpp"
#include "endpointkit/group.hpp"
#include "support/test_endpoint.hpp"

namespace ek::test {

inline const ChatRequest hello{.messages = {user("Hello!")}};

class NamedCloud final : public PlainCloud {
 public:
  explicit NamedCloud(std::string name) : name_(std::move(name)) {}
  std::string uri() const override { return "test://" + name_; }
  HttpRequest address(Operation operation) const override {
    return {.url = "https://" + name_ + "/", .body = std::move(operation.body)};
  }

 private:
  const std::string name_;
};

inline ScriptedReply says(std::string_view text) {
  return {.headers = sse(), .body = {text_chunk(text), finish_chunk()}};
}
inline const ScriptedReply busy{.status = 503, .body = {"busy"}};

// Members called a, b and c, each of which does what `does` says.
struct TestGroup : TestEndpoint {
  explicit TestGroup(const GroupOptions& options = {}, ClientOptions client_options = {}) {
    (void)TestEndpoint::open(std::move(client_options));
    for (const std::string name : {"a", "b", "c"}) members.push_back(member(name));
    group.emplace(*make_group({{&members[0], 6}, {&members[1], 3}, {&members[2], 1}}, options));
    transport->handle([this](const HttpRequest& request) {
      const std::string name = request.url.substr(8, 1);
      asked += name;
      return does.at(name);
    });
  }
  Endpoint member(const std::string& name) const {
    return make(std::make_unique<NamedCloud>(name), signer, "test://" + name);
  }
  // The text that came, or the error's code.
  std::string ask(const CallOptions& options = {}) {
    auto stream = group->chat_stream(hello, options);
    if (!stream) return std::string(to_string(stream.error().code));
    std::string heard;
    while (auto event = stream->next()) {
      if (*event) heard += (*event)->text();
      if (!*event) {
        error = event->error();
        heard += "!" + std::string(to_string(error.code));
      }
    }
    return heard;
  }

  std::vector<Endpoint> members;
  std::optional<Endpoint> group;
  std::map<std::string, ScriptedReply> does{{"a", says("A")}, {"b", says("B")}, {"c", says("C")}};
  std::string asked;
  Error error;
};

}  // namespace ek::test
