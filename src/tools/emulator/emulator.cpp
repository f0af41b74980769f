#include "tools/emulator/emulator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "endpointkit/ext/environment.hpp"
#include "tools/emulator/identity.hpp"
#include "tools/emulator/server.hpp"
#include "tools/emulator/service.hpp"
#include "tools/emulator/upstream.hpp"

namespace ek::emulator {
namespace {

Error bad_option(std::string message) {
  return {.code = ErrorCode::invalid_request, .message = std::move(message)};
}

// Where the clouds keep their metadata services. Those that ask there speak plain http, too.
bool is_metadata_address(std::string_view host) {
  constexpr std::array<std::string_view, 5> addresses = {
      "169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23"};
  return std::find(addresses.begin(), addresses.end(), host) != addresses.end();
}

Result<void> check(const Options& options) {
  if (!is_loopback(options.host) && !is_metadata_address(options.host)) {
    return bad_option(fmt::format(
        "expected a loopback host such as 127.0.0.1, or the address of a metadata service in a "
        "network namespace, got \"{}\": the emulator speaks plain http",
        options.host));
  }
  if (options.port < 0 || options.port > 65535) {
    return bad_option(fmt::format("expected a port of 0 to 65535, got {}", options.port));
  }
  if (!is_host_label(options.region) || !is_host_label(options.location)) {
    return bad_option(fmt::format("\"{}\" and \"{}\" must be names like us-east-1", options.region,
                                  options.location));
  }
  if (options.tokens_per_second < 0 || options.token_lifetime.count() <= 0) {
    return bad_option("the pace must not be negative, and tokens must live at least a second");
  }
  if (options.connections < 1) {
    return bad_option(
        fmt::format("expected at least 1 connection at once, got {}", options.connections));
  }
  if (options.replay_speed < 0) return bad_option("the speed of a replay must not be negative");
  for (const std::string* url : {&options.upstream, &options.forward}) {
    if (url->empty()) continue;
    if (auto fine = check_upstream(*url); !fine) return fine.error();
  }
  return {};
}

std::map<std::string, std::string> variables_of(const Service& service) {
  const Options& options = service.options;
  const Secrets& secrets = service.secrets;
  std::map<std::string, std::string> variables = {
      {"AWS_ACCESS_KEY_ID", secrets.aws.access_key_id},
      {"AWS_SECRET_ACCESS_KEY", secrets.aws.secret_access_key.reveal()},
      {"AWS_REGION", options.region},
      {"AWS_DEFAULT_REGION", options.region},
      {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", service.base_url},
      {"AWS_ENDPOINT_URL_STS", service.base_url},
      {"GOOGLE_VERTEX_BASE_URL", service.base_url},
      {"GOOGLE_CLOUD_PROJECT", secrets.google.project},
      {"AZURE_TENANT_ID", secrets.entra.tenant_id},
      {"AZURE_CLIENT_ID", secrets.entra.client_id},
      {"AZURE_CLIENT_SECRET", secrets.entra.client_secret.reveal()},
      {"AZURE_AUTHORITY_HOST", service.base_url},
      {"AZUREML_BASE_URL", service.base_url},
      {"ENDPOINTKIT_SAGEMAKER_URI", fmt::format("sagemaker://{}/chat", options.region)},
      {"ENDPOINTKIT_VERTEX_URI",
       fmt::format("vertex://{}/{}/publishers/google/models/gemini-emulated",
                   secrets.google.project, options.location)},
      {"ENDPOINTKIT_AZUREML_URI",
       "azureml://emulator.westeurope.inference.ml.azure.com/v1/chat/completions"}};
  if (!secrets.aws.session_token.empty())
    variables["AWS_SESSION_TOKEN"] = secrets.aws.session_token.reveal();
  if (options.azure_key) variables["AZUREML_ENDPOINT_API_KEY"] = secrets.azure_key.reveal();
  if (!options.google_key_file.empty())
    variables["GOOGLE_APPLICATION_CREDENTIALS"] = options.google_key_file;
  if (!options.ca_file.empty()) variables["SSL_CERT_FILE"] = options.ca_file;
  return variables;
}

Result<void> register_certificate(Service& service) {
  if (service.options.entra_certificate.empty()) return {};
  const auto text = system_environment().read_file(service.options.entra_certificate);
  if (!text) return text.error();
  auto certificate = parse_client_certificate(*text, Secret());
  if (!certificate) return certificate.error();
  service.secrets.entra.certificate = *std::move(certificate);
  return {};
}

// Faults and recordings.
Result<void> set_up_calls(Service& service) {
  const Options& options = service.options;
  for (const std::string& order : options.faults) {
    auto fault = parse_fault(order);
    if (!fault) return fault.error();
    service.faults.add(*std::move(fault));
  }
  if (!options.record_folder.empty()) {
    auto recorder = Recorder::open(options.record_folder, options.now);
    if (!recorder) return recorder.error();
    service.recorder = *std::move(recorder);
  }
  if (!options.replay_folder.empty()) {
    auto replay = Replay::open(options.replay_folder, options.replay_speed,
                               [&stop = service.stop](auto time) { return stop.wait_for(time); });
    if (!replay) return replay.error();
    service.replay = *std::move(replay);
  }
  return {};
}

// A second port, with the same certificate.
Result<std::unique_ptr<Server>> bind_tls(Service& service) {
  auto server = Server::bind(service.options.host, 0, service.options.connections, &service.tls);
  if (server)
    service.tls_url = fmt::format("https://{}:{}", service.options.host, (*server)->port());
  return server;
}

}  // namespace

struct Emulator::Running {
  std::unique_ptr<Service> service;
  std::unique_ptr<Server> server;
  std::unique_ptr<Server> tls_server;  // null if no identity needs one beside `server`
  std::map<std::string, std::string> variables;

  [[nodiscard]] std::string google_key() const {
    return key_file(service->secrets.google, service->base_url + "/token");
  }
};

Result<std::unique_ptr<Emulator>> Emulator::start(Options options) {
  if (auto fine = check(options); !fine) return fine.error();
  auto secrets = make_secrets(options.seed, options.session_token);
  if (!secrets) return secrets.error();
  auto tls = make_tls_certificate("endpointkit-emulator");
  if (!tls) return tls.error();
  auto server =
      Server::bind(options.host, options.port, options.connections, options.tls ? &*tls : nullptr);
  if (!server) return server.error();
  auto running = std::make_unique<Running>();
  running->service.reset(
      new Service{.options = std::move(options), .secrets = *std::move(secrets)});
  running->service->tls = *std::move(tls);
  Service& service = *running->service;
  const bool v6 = service.options.host.find(':') != std::string::npos;
  service.base_url =
      fmt::format("{}://{}{}{}:{}", service.options.tls ? "https" : "http", v6 ? "[" : "",
                  service.options.host, v6 ? "]" : "", (*server)->port());
  if (service.options.tls) service.tls_url = service.base_url;
  running->server = *std::move(server);
  if (auto fine = set_up_calls(service); !fine) return fine.error();
  service.aws_keys.add(
      service.secrets.aws.access_key_id,
      {.keys = service.secrets.aws, .arn = "arn:aws:iam::123456789012:user/emulator"});
  if (auto fine = register_certificate(service); !fine) return fine.error();
  running->variables = variables_of(service);
  if (needs_tls(service.options.identities) && !service.options.tls) {
    auto tls_server = bind_tls(service);
    if (!tls_server) return tls_server.error();
    running->tls_server = *std::move(tls_server);
  }
  for (const std::string& identity : service.options.identities) {
    auto fine =
        set_up_identity(service, identity, service.options.identity_folder, running->variables);
    if (!fine) return fine.error();
  }
  if (!service.options.google_key_file.empty()) {
    auto written = write_private_file(service.options.google_key_file, running->google_key());
    if (!written) return written.error();
  }
  if (!service.options.ca_file.empty()) {
    auto written = write_private_file(service.options.ca_file, service.tls.certificate_pem);
    if (!written) return written.error();
  }
  for (const auto* one : {&running->server, &running->tls_server}) {
    if (!*one) continue;
    (*one)->listen([&service](const Request& request) { return handle(service, request); },
                   service.options.log, service.stats.tls);
  }
  return std::unique_ptr<Emulator>(new Emulator(std::move(running)));
}

Emulator::Emulator(std::unique_ptr<Running> running) : running_(std::move(running)) {}
Emulator::~Emulator() { stop(); }

int Emulator::port() const noexcept { return running_->server->port(); }
const std::string& Emulator::base_url() const noexcept { return running_->service->base_url; }
const std::map<std::string, std::string>& Emulator::environment() const noexcept {
  return running_->variables;
}
Secret Emulator::google_key_json() const { return Secret(running_->google_key()); }
Secret Emulator::arc_key() const { return running_->service->secrets.arc_key; }
Secret Emulator::azure_key() const { return running_->service->secrets.azure_key; }
std::string Emulator::stats_json() const {
  return running_->service->stats.json(running_->service->faults);
}

void Emulator::stop() {
  running_->service->stop.set();
  running_->server->stop();
  if (running_->tls_server) running_->tls_server->stop();
}

}  // namespace ek::emulator
