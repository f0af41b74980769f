// model-streams and model-responses: recorded answers of models, through the decoder at several
// chunk sizes and through the final answer of `endpointkit decode`.
#include "conformance/models.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "dialect/dialect.hpp"
#include "dialect/json_text.hpp"
#include "endpointkit/ext/decoder.hpp"
#include "tools/cli/final_answer.hpp"

namespace ek::conformance {
namespace {

using nlohmann::json;

struct Case {
  std::string name;
  json description;
  std::string body;
};

std::vector<Case> cases_below(const std::filesystem::path& folder) {
  std::vector<Case> all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::filesystem::path& path = entry.path();
    if (!path.filename().string().ends_with(".case.json")) continue;
    json description = read_json(path);
    const std::string body = description.at("body_file");
    const std::string provider = path.parent_path().filename().string();
    all.push_back({provider + "/" + description.at("id").get<std::string>(), std::move(description),
                   read_file(path.parent_path() / body)});
  }
  std::sort(all.begin(), all.end(), [](const Case& a, const Case& b) { return a.name < b.name; });
  return all;
}

struct Decoded {
  json final;
  std::string events;  // one line each
  ChatReply reply;
};

Decoded decode(const Case& one, Wire wire, std::string_view dialect, std::size_t chunk) {
  auto decoder = ChatDecoder::create({.wire = wire, .dialect = dialect}).value();
  cli::FinalAnswer answer;
  Decoded out;
  std::optional<Error> error;
  const std::size_t step = chunk == 0 ? one.body.size() : chunk;
  bool over = false;
  for (std::size_t at = 0; !over; at += step) {
    const bool last = at + step >= one.body.size();
    decoder.append(std::string_view(one.body).substr(std::min(at, one.body.size()), step), last);
    while (!over) {
      const auto event = decoder.next();
      if (!event) error = event.error();
      over = error.has_value() || (*event && (*event)->get_if<Finished>() != nullptr);
      if (!event || !*event) break;
      answer.add(**event);
      out.events += dialect::to_json(**event) + "\n";
    }
    if (last) break;
  }
  out.reply = decoder.reply();
  const Error* ended_by = error ? &*error : nullptr;
  out.final = json::parse(answer.text(out.reply, ended_by));
  return out;
}

// Every member that `expected` has must be there, the same; inside the objects of `choices` too.
std::string differences(const json& expected, const json& got, bool unstreamed) {
  std::string all;
  for (const auto& [name, value] : expected.items()) {
    const json found = got.value(name, json());
    bool same = value == found;
    if (name == "choices" && value.size() == found.size()) {
      same = true;
      for (std::size_t i = 0; i < value.size(); ++i) {
        same = same && differences(value[i], found[i], unstreamed).empty();
      }
    }
    // The vectors of unstreamed answers leave the split of the counts out.
    if (name == "usage" && unstreamed && value.is_object() && found.is_object()) {
      same = differences(value, found, false).empty();
    }
    if (!same) all += fmt::format("{}: expected {}, got {}; ", name, value.dump(), found.dump());
  }
  return all;
}

std::optional<std::string> reason_to_skip(const Case& one) {
  const std::string api = one.description.at("api");
  if (dialect::find(api) != nullptr) return std::nullopt;
  return "no dialect speaks " + api + " yet";
}

std::string check_stream(const Case& one) {
  const std::string api = one.description.at("api");
  const Wire wire = parse_wire(one.description.at("wire").get<std::string>()).value();
  const json& expected = one.description.at("expect").at("final");
  const Decoded whole = decode(one, wire, api, 0);
  if (auto wrong = differences(expected, whole.final, false); !wrong.empty()) return wrong;
  for (const std::size_t chunk : {1, 7, 64}) {
    const Decoded cut = decode(one, wire, api, chunk);
    if (cut.events != whole.events || cut.final != whole.final) {
      return fmt::format("the result depends on the cuts: chunks of {} bytes differ", chunk);
    }
  }
  return {};
}

// Nobody tells the decoder what is coming.
std::string check_detection(const Case& one) {
  const json& expected = one.description.at("expect").at("final");
  for (const std::size_t chunk : {0, 1}) {
    const Decoded found = decode(one, Wire::detect, "auto", chunk);
    if (auto wrong = differences(expected, found.final, false); !wrong.empty()) {
      return "detected: " + wrong;
    }
  }
  return {};
}

std::string check_reply(const Case& one) {
  const auto* dialect = dialect::find(one.description.at("api").get<std::string>());
  const auto reply = dialect->decode_reply(one.body);
  if (!reply) return "decode_reply: " + describe(reply.error());
  json expected = one.description.at("expect").at("final");
  const Decoded whole = decode(one, Wire::json, dialect->name(), 0);
  if (expected.contains("no_message")) {
    if (!reply->message.parts.empty()) return "expected no message";
    expected.erase("no_message");
  }
  if (whole.reply.message != reply->message) return "decode_reply and the decoder differ";
  if (decode(one, Wire::json, dialect->name(), 7).events != whole.events) {
    return "the result depends on the cuts";
  }
  return differences(expected, whole.final, true);
}

void run_all(const std::filesystem::path& folder, Report& report,
             std::string (*check)(const Case&)) {
  for (const Case& one : cases_below(folder)) {
    if (const auto reason = reason_to_skip(one)) {
      report.skip(one.name, *reason);
      continue;
    }
    const std::string wrong = check(one);
    if (wrong.empty()) {
      report.pass(one.name);
    } else {
      report.fail(one.name, wrong);
    }
  }
}

}  // namespace

void run_model_streams(const std::filesystem::path& folder, Report& report) {
  run_all(folder, report, [](const Case& one) {
    std::string wrong = check_stream(one);
    return wrong.empty() ? check_detection(one) : wrong;
  });
}

void run_model_responses(const std::filesystem::path& folder, Report& report) {
  run_all(folder, report, [](const Case& one) {
    Case now = one;
    json& final = now.description["expect"]["final"];
    // Content parts of type "thinking" are reasoning in model-streams; the vectors of unstreamed
    // answers pass over them.
    const bool thinks = one.body.find("\"type\": \"thinking\"") != std::string::npos;
    if (thinks && final.value("reasoning", json()).is_null()) final.erase("reasoning");
    return check_reply(now);
  });
}

std::vector<Suite> model_suites() {
  return {{"model-streams", run_model_streams},
          {"model-responses", run_model_responses},
          {"model-errors", run_model_errors}};
}

}  // namespace ek::conformance
