// endpointkit: chat with a hosted model, send it bytes, and look at identities,
// signatures and recorded streams.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <fstream>
#include <functional>
#include <iostream>
#include <limits>

#include "base/text.hpp"
#include "endpointkit/version.hpp"
#include "tools/cli/chat.hpp"
#include "tools/cli/decode.hpp"
#include "tools/cli/invoke.hpp"
#include "tools/cli/output.hpp"
#include "tools/cli/sign.hpp"
#include "tools/cli/standard_streams.hpp"
#include "tools/cli/target.hpp"
#include "tools/cli/whoami.hpp"

namespace {

using namespace ek::cli;

constexpr const char* footer = R"(URIs:
  sagemaker://REGION/ENDPOINT
  vertex://PROJECT/LOCATION/ENDPOINT-ID
  vertex://PROJECT/LOCATION/publishers/PUBLISHER/models/MODEL
  azureml://HOST/PATH

Credentials come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN;
GOOGLE_APPLICATION_CREDENTIALS; AZUREML_ENDPOINT_API_KEY, or AZURE_TENANT_ID, AZURE_CLIENT_ID and
AZURE_CLIENT_SECRET. "endpointkit whoami URI" tells where it looked and what it found.

Exit codes: 0 success, 1 the output could not be written, 2 user error (nothing was sent), 3 error of
the provider or the model, 4 transport error (network, timeout, cut stream), 130 interrupted.)";

// CLI11's own checks show the limits of a double, in 300 digits.
template <class Number>
CLI::Validator within(Number least, Number most, const char* wanted) {
  const auto check = [least, most, wanted](const std::string& text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    // Written so that NaN is refused.
    const bool good = error == std::errc() && stop == end && number >= least && number <= most;
    return good ? std::string() : fmt::format("expected {}, got {}", wanted, text);
  };
  return {check, ""};
}
template <class Number>
CLI::Validator at_least(Number least, const char* wanted) {
  return within(least, std::numeric_limits<Number>::max(), wanted);
}

// "key=value" texts become endpoint options; a text without '=' is refused by CLI11.
void add_options(CLI::App& command, std::vector<std::string>& texts, ek::NetworkOptions& network) {
  const auto add_network = [&network](const std::vector<std::string>& options) {
    for (const std::string& text : options) {
      const auto added = add_network_option(network, text);
      if (!added) throw CLI::ValidationError("--network", added.error().message);
    }
  };
  // Of options that can be repeated CLI11 would take all that follows, the URI too.
  command
      .add_option_function<std::vector<std::string>>(
          "-n,--network", add_network,
          "Network option KEY=VALUE (repeatable): " + ek::network_option_names())
      ->allow_extra_args(false);
  command
      .add_option("-o,--option", texts,
                  "Endpoint option KEY=VALUE, as in the URI's query (repeatable)")
      ->allow_extra_args(false)
      ->check([](const std::string& text) {
        return text.find('=') == std::string::npos ? "expected KEY=VALUE, got " + text
                                                   : std::string();
      });
}

ek::EndpointOptions parse_options(const std::vector<std::string>& texts) {
  ek::EndpointOptions options;
  for (const std::string& text : texts) {
    const auto equals = text.find('=');
    options[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return options;
}

struct Commands {
  std::function<int()> run;
  StandardInput input;
  ChatArguments chat;
  InvokeArguments invoke;
  SignArguments sign;
  DecodeArguments decode;
  WhoamiArguments whoami;
  std::string decode_file;
  std::vector<std::string> option_texts;
};

int run_chat(Commands& commands) {
  ChatArguments& chat = commands.chat;
  chat.options = parse_options(commands.option_texts);
  if (chat.message.empty() && isatty(STDIN_FILENO) != 0 && !chat.json) {
    return chat_on_terminal(chat, std::cout, std::cerr);
  }
  if (chat.message.empty()) {
    auto message = read_all(commands.input);
    if (!message) return report(message.error(), chat.json, std::cerr);
    chat.message = *std::move(message);
  }
  return chat_once(chat, std::cout, std::cerr);
}

int run_decode_file(Commands& commands) {
  if (commands.decode_file == "-")
    return run_decode(commands.decode, commands.input, std::cout, std::cerr);
  std::ifstream file(commands.decode_file, std::ios::binary);
  return run_decode(commands.decode, file, std::cout, std::cerr);
}

void add_chat(CLI::App& app, Commands& commands) {
  CLI::App* chat = app.add_subcommand(
      "chat", "Stream an answer; on a terminal without --message, a conversation");
  ChatArguments& arguments = commands.chat;
  chat->add_option("uri", arguments.uri, "The endpoint")->required();
  chat->add_option("-m,--message", arguments.message, "What to say; else standard input");
  chat->add_option("-s,--system", arguments.system, "System message");
  chat->add_option("--max-tokens", arguments.max_tokens, "Upper bound of the answer")
      ->check(at_least<std::int64_t>(1, "a whole number, 1 or more"));
  chat->add_option("--temperature", arguments.temperature, "Sampling temperature")
      ->check(at_least(0.0, "a number, 0 or more"));
  chat->add_flag("--json", arguments.json, "Print events, and an error, as JSON lines");
  chat->add_flag("--stats", arguments.stats,
                 "Tell usage, time to first token and identity on standard error");
  add_options(*chat, commands.option_texts, arguments.network);
  chat->callback([&commands] { commands.run = [&commands] { return run_chat(commands); }; });
}

void add_invoke(CLI::App& app, Commands& commands) {
  CLI::App* invoke =
      app.add_subcommand("invoke", "Send bytes to the model's container and print what it answers");
  InvokeArguments& arguments = commands.invoke;
  invoke->add_option("uri", arguments.uri, "The endpoint")->required();
  invoke->add_option("-b,--body", arguments.body, "The body, @FILE, or @- for standard input")
      ->required();
  invoke->add_option("--content-type", arguments.content_type, "Type of the body")
      ->capture_default_str();
  invoke->add_option("--accept", arguments.accept, "Wanted type of the answer");
  invoke
      ->add_option("-H,--header", arguments.headers, "\"Name: value\" to send as well (repeatable)")
      ->allow_extra_args(false);
  invoke->add_flag("--stream", arguments.stream, "Print the answer as it comes");
  add_options(*invoke, commands.option_texts, arguments.network);
  invoke->callback([&commands] {
    commands.run = [&commands] {
      commands.invoke.options = parse_options(commands.option_texts);
      return static_cast<int>(
          invoke_command(commands.invoke, commands.input, std::cout, std::cerr));
    };
  });
}

void add_whoami(CLI::App& app, Commands& commands) {
  CLI::App* whoami = app.add_subcommand(
      "whoami", "Tell who signs calls to an endpoint, until when, and where that was looked for");
  WhoamiArguments& arguments = commands.whoami;
  whoami->add_option("uri", arguments.uri, "The endpoint")->required();
  whoami->add_flag("--ask", arguments.ask, "Also ask the provider: the ARN, from AWS");
  whoami->add_flag("--json", arguments.json, "Print one JSON object");
  add_options(*whoami, commands.option_texts, arguments.network);
  whoami->callback([&commands] {
    commands.run = [&commands] {
      commands.whoami.options = parse_options(commands.option_texts);
      return static_cast<int>(whoami_command(commands.whoami, std::cout, std::cerr));
    };
  });
}

void add_sign(CLI::App& app, Commands& commands) {
  CLI::App* sign = app.add_subcommand(
      "sign", "Show how SigV4 signs a request: canonical request, string to sign, headers");
  SignArguments& arguments = commands.sign;
  sign->add_option("file", arguments.file, "A raw HTTP/1.1 request, or - for standard input")
      ->required();
  sign->add_option("--service", arguments.service, "Signing name, like \"sagemaker\"")->required();
  sign->add_option("--region", arguments.region,
                   "Signing region; else AWS_REGION, AWS_DEFAULT_REGION");
  sign->add_flag("--explain", arguments.explain, "Also say where each part comes from, and why");
  sign->add_option("--time", arguments.time, "YYYYMMDDTHHMMSSZ; else now");
  sign->add_option("--expires", arguments.expires_seconds,
                   "Presign the URL for that many seconds instead")
      ->check(CLI::Range(1, 604800));
  sign->callback([&commands] {
    commands.run = [&commands] {
      return static_cast<int>(sign_command(commands.sign, commands.input, std::cout, std::cerr));
    };
  });
}

void add_decode(CLI::App& app, Commands& commands) {
  CLI::App* decode = app.add_subcommand(
      "decode", "Decode a recorded answer: a JSON line an event, then {\"final\": …}");
  decode->add_option("file", commands.decode_file, "The recorded body, or - for standard input")
      ->required()
      ->check([](const std::string& name) {
        return name == "-" ? std::string() : CLI::ExistingFile(name);
      });
  decode
      ->add_option("--wire", commands.decode.wire,
                   "auto, sse, ndjson, json-array, json, eventstream")
      ->capture_default_str();
  decode->add_option("--dialect", commands.decode.dialect, "auto, openai, gemini, tgi, raw")
      ->capture_default_str();
  decode->add_option("--chunk", commands.decode.chunk, "Feed that many bytes at a time")
      ->check(within<std::int64_t>(1, 1 << 24, "a whole number of 1 to 16777216"));
  decode->callback(
      [&commands] { commands.run = [&commands] { return run_decode_file(commands); }; });
}

// CLI11 tells only that a subcommand is missing.
int explain(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> rest = app.remaining();
  if (error.get_exit_code() == 0 || !app.get_subcommands().empty() || rest.empty())
    return app.exit(error) == 0 ? success : user_error;
  std::string known;
  for (const CLI::App* command : app.get_subcommands({}))
    known += (known.empty() ? "" : ", ") + command->get_name();
  std::cerr << fmt::format("there is no command \"{}\"; known are {}\n",
                           ek::printable(rest.front()), known);
  return user_error;
}

}  // namespace

int main(int argc, char** argv) {
  occupy_closed_streams();
  CLI::App app{"Talks to hosted models on SageMaker, Vertex AI and Azure ML."};
  app.name("endpointkit");
  app.set_version_flag("--version", ENDPOINTKIT_VERSION);
  app.footer(footer);
  app.require_subcommand(1);
  Commands commands;
  add_chat(app, commands);
  add_invoke(app, commands);
  add_whoami(app, commands);
  add_sign(app, commands);
  add_decode(app, commands);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return finish(explain(app, error), std::cout, std::cerr);
  }
  return finish(commands.run(), std::cout, std::cerr);
}
