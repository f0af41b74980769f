#include "dialect/tgi.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "dialect/request_text.hpp"

namespace ek::dialect {
namespace {

using Kind = JsonView::Kind;

FinishReason reason_of(std::string_view name) {
  if (name == "length") return FinishReason::length;
  if (name == "eos_token" || name == "stop_sequence" || name == "stop" || name == "eos") {
    return FinishReason::stop;
  }
  return FinishReason::other;
}

Result<void> check_text_only(const ChatRequest& request) {
  if (!request.tools.empty()) {
    return refuse("the tgi dialect has no tools; use the openai dialect, or leave them out");
  }
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    for (const Part& part : request.messages[i].parts) {
      if (std::holds_alternative<Text>(part) || std::holds_alternative<Reasoning>(part) ||
          std::holds_alternative<ProviderPart>(part)) {
        continue;
      }
      return refuse(fmt::format(
          "messages[{}] holds more than text, and the tgi dialect says nothing else; use the "
          "openai dialect, or leave it out",
          i));
    }
  }
  return {};
}

std::string prompt_of(const std::vector<Message>& messages) {
  if (messages.size() == 1 && messages[0].role == Role::user) return messages[0].text();
  std::string system;
  std::string turns;
  for (const Message& message : messages) {
    if (message.role == Role::system) {
      system += message.text() + "\n\n";
    } else {
      turns += message.role == Role::assistant ? "Assistant: " : "User: ";
      turns += message.text() + "\n";
    }
  }
  return system + turns + "Assistant:";
}

// Sampling is off unless asked for, and neither 0 nor 1 is a legal value of what means "off".
std::string parameters_text(const ChatRequest& request) {
  ObjectText parameters;
  if (request.max_tokens) parameters.set_integer("max_new_tokens", *request.max_tokens);
  const bool warm = request.temperature.value_or(0) > 0;
  const bool nucleus = request.top_p && *request.top_p < 1;
  if (warm) parameters.set("temperature", number_text(*request.temperature));
  if (nucleus) parameters.set("top_p", number_text(*request.top_p));
  if (request.temperature || nucleus) {
    parameters.set_bool("do_sample", warm || (nucleus && !request.temperature));
  }
  if (request.seed) parameters.set_integer("seed", *request.seed);
  if (!request.stop.empty()) parameters.set("stop", strings_text(request.stop));
  parameters.set_bool("return_full_text", false).set_bool("details", true);
  return parameters.text();
}

Error generation_failed(std::string_view frame) {
  Error error;
  error.code = ErrorCode::model_error;
  error.phase = Phase::stream;
  error.message = fmt::format(
      "the model ended its answer with the finish reason 'error' and no message: {}; see the logs "
      "of its container",
      clip(printable(frame), 200));
  error.provider_code = "finish_reason error";
  return error;
}

}  // namespace

Result<std::string> encode_tgi(const ChatRequest& request, const EncodeHints& hints) {
  if (auto checked = check_text_only(request); !checked) return std::move(checked).error();
  if (auto checked = check_request(request); !checked) return std::move(checked).error();
  ObjectText body;
  body.set_string("inputs", prompt_of(request.messages));
  body.set("parameters", parameters_text(request));
  if (hints.stream) body.set_bool("stream", true);
  return merge_extra(std::move(body), request.extra);
}

Result<void> TgiStream::decode(const FrameView& frame, Events& out) {
  const std::string_view data = trim(frame.data);
  if (data.empty()) return {};
  if (data == "[DONE]") {
    done_ = finish().has_value();
    return {};
  }
  if (frame.type == "error") return error_event(data);
  std::string copy;
  const auto value = parse_frame(data, copy);
  if (!value) return unexpected_frame("JSON with a token or a generated_text", data);
  return read_object(value->unwrapped(), out);
}

Result<void> TgiStream::read_object(JsonView object, Events& out) {
  const JsonView token = object["token"];
  const JsonView details = object["details"].has_value() ? object["details"] : token["details"];
  JsonView text = object["generated_text"];
  if (!text.has_value()) text = token["generated_text"];  // LMI's last line
  const JsonView outputs = object["outputs"];
  const bool known = token.has_value() || text.has_value() || outputs.is(Kind::array);
  recognised_ = recognised_ || known;
  if (!known) {
    if (auto told = parse_error(object.text(), 0)) return *std::move(told);
    return unexpected_frame("a token or a generated_text", object.text());
  }
  read_token(token, out);
  read_outputs(outputs, out);
  read_generated_text(text, details, out);
  for (const auto& [key, value] : object.members()) {
    if (key != "token" && key != "details" && key != "generated_text" && key != "outputs" &&
        key != "index") {
      push_notice(out, key, value);
    }
  }
  return read_details(details, out);
}

void TgiStream::read_token(JsonView token, Events& out) {
  if (!token.has_value()) return;
  if (token["special"].is_true() || token["special_token"].is_true()) return;
  std::string text = token["text"].string();
  text_given_ = text_given_ || !text.empty();
  push_text(out, std::move(text));
}

// Older LMI: one line a step, an output for each prompt of the batch.
void TgiStream::read_outputs(JsonView outputs, Events& out) {
  bool first = true;
  for (const JsonView output : outputs.elements()) {
    if (std::exchange(first, false) && output.is(Kind::string)) {
      text_given_ = true;
      ended_ = true;  // these lines know no end but that of the body
      push_text(out, output.string());
    } else {
      push_notice(out, "output", output);
    }
  }
}

void TgiStream::read_generated_text(JsonView text, JsonView details, Events& out) {
  if (!text.is(Kind::string)) return;
  ended_ = true;
  if (text_given_) {
    push(out, ProviderEvent{"generated_text", {std::string(text.text())}, false, {}});
    return;
  }
  // A server that repeats the prompt in front of the answer (return_full_text) may tell what the
  // prompt was.
  std::string answer = text.string();
  const std::string prompt = details["inputs"].string();
  if (!prompt.empty() && answer.rfind(prompt, 0) == 0) answer.erase(0, prompt.size());
  text_given_ = !answer.empty();
  push(out, ProviderEvent{"generated_text", {std::string(text.text())}, false, {}});
  push_text(out, std::move(answer));
}

Result<void> TgiStream::read_details(JsonView details, Events& out) {
  if (!details.has_value()) return {};
  reason_ = details["finish_reason"].string();
  const JsonView generated = details["generated_tokens"];
  if (!generated.is(Kind::absent)) {
    usage_.output_tokens = generated.integer();
    usage_.input_tokens = details["input_length"].integer();
    usage_.raw.text = ObjectText().set("generated_tokens", std::string(generated.text())).text();
    push(out, UsageUpdate{usage_});
  }
  for (const auto& [key, value] : details.members()) {
    if (key != "finish_reason" && key != "generated_tokens" && key != "inputs") {
      push_notice(out, key, value);
    }
  }
  if (reason_ == "error") return generation_failed(details.text());
  return {};
}

std::optional<Finished> TgiStream::finish() {
  if (!ended_ && reason_.empty()) return std::nullopt;
  return Finished{reason_of(reason_), reason_, usage_};
}

}  // namespace ek::dialect
