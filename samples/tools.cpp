// How does the model call my functions? Answer its tool calls until there are none.
#include <endpointkit/endpointkit.hpp>
#include <iostream>

namespace {

// The arguments are JSON as text; parse them with the library of your choice (endpointkit/json.hpp
// helps).
std::string weather(const ek::JsonText& arguments) {
  std::cerr << "[weather of " << arguments.text << "]\n";
  return R"({"celsius": 21, "sky": "clear"})";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto endpoint = ek::open(argv[1]);
  if (!endpoint) return std::cerr << ek::describe(endpoint.error()) << '\n', 1;

  ek::ChatRequest request{
      .messages = {ek::user("What is the weather in Oslo?")},
      .tools = {{.name = "weather",
                 .description = "Current weather of a city",
                 .parameters = {R"({"type": "object", "properties": {"city": {"type": "string"}},
                                    "required": ["city"]})"}}},
  };
  for (int round = 0; round < 5; ++round) {
    const auto reply = endpoint->chat(request);
    if (!reply) return std::cerr << ek::describe(reply.error()) << '\n', 1;
    request.messages.push_back(reply->message);
    if (reply->tool_calls().empty()) {
      std::cout << reply->text() << '\n';
      return 0;
    }
    for (const ek::ToolCall& call : reply->tool_calls()) {
      request.messages.push_back(ek::tool_result(call, weather(call.arguments)));
    }
  }
  std::cerr << "the model still wanted tools after five rounds\n";
  return 1;
}
