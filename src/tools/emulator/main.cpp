// endpointkit-emulator: the command.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "endpointkit/version.hpp"
#include "tools/emulator/emulator.hpp"
#include "tools/emulator/faults.hpp"
#include "tools/emulator/identity.hpp"

namespace {

using ek::emulator::Emulator;
using ek::emulator::Options;

constexpr const char* description =
    R"(Three clouds on one loopback port, for tests of programs that call hosted models: SageMaker
Runtime, Vertex AI and Azure ML, with the token services of Google and Entra. It verifies what it
is sent (SigV4 with date and body, Google's JWTs and access tokens, Entra tokens, Azure ML keys)
and answers a wrong, expired or missing proof with the provider's own error. Streams come in each
provider's own framing, cut in the middle of lines and of UTF-8 characters.)";

constexpr const char* footer =
    R"(Start it, point a client at it, stop it:
  rm -f emulator.env                                  # of an earlier run
  endpointkit-emulator --env-file emulator.env &
  until [ -s emulator.env ]; do sleep 0.1; done       # written whole once it listens
  . ./emulator.env                                    # keys, addresses and ready-made URIs
  endpointkit chat "$ENDPOINTKIT_SAGEMAKER_URI" -m Hello
  kill %1

What it serves:
  POST /endpoints/NAME/invocations[-response-stream]             SageMaker, SigV4
  POST /v1[beta1]/projects/P/locations/L/publishers/PUB/models/M:VERB
  POST /v1[beta1]/projects/P/locations/L/endpoints/E:VERB        Vertex AI, Google token
       VERB: generateContent streamGenerateContent countTokens predict rawPredict
             streamRawPredict; endpoints also have /chat/completions
  POST /token                                                    Google's JWT grant
  POST /TENANT/oauth2/v2.0/token                                 Entra: secret, certificate, federation
       Microsoft's own libraries ask for TLS: a proxy in front that ends it must set Host and
       X-Forwarded-Proto: https
  POST /score  /chat/completions  /v1/chat/completions           Azure ML, key or Entra token
  GET  /_emulator/stats     counts by endpoint: requests, refusals, generations (what a provider
                            would bill), completed and abandoned ones, tokens; TLS connections

Identities: with --identity NAME the variables lead to a place of the cloud instead of to keys.
  imds          AWS_EC2_METADATA_SERVICE_ENDPOINT: EC2 metadata, version 2 (PUT /latest/api/token)
  ecs           AWS_CONTAINER_CREDENTIALS_FULL_URI and …_AUTHORIZATION_TOKEN_FILE: ECS, EKS agents
  ecs-relative  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: ECS at its address, 169.254.170.2
  irsa          AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE: STS AssumeRoleWithWebIdentity (POST /)
  assume-role   AWS_CONFIG_FILE with a role and its source profile: STS AssumeRole
  sso           AWS_CONFIG_FILE, HOME with a cached sign-in: IAM Identity Center
  adc-metadata  GCE_METADATA_HOST: Google's metadata server
  external-account, external-account-aws
                GOOGLE_APPLICATION_CREDENTIALS: Google's STS (POST /v1/token), then impersonation;
                the second shows it a request signed with the AWS keys
  external-account-x509
                …and GOOGLE_API_CERTIFICATE_CONFIG: the same over mutual TLS, on a port of its own
  workload      AZURE_FEDERATED_TOKEN_FILE: Entra, the token of a Kubernetes workload
  certificate   AZURE_CLIENT_CERTIFICATE_PATH: Entra, an assertion signed with --entra-certificate
  managed       AZURE_POD_IDENTITY_AUTHORITY_HOST: the metadata service of Azure's machines
  app-service   IDENTITY_ENDPOINT and IDENTITY_HEADER
  arc           IDENTITY_ENDPOINT and IMDS_ENDPOINT: Azure Arc, with its challenge
  service-fabric
                IDENTITY_ENDPOINT, IDENTITY_HEADER and IDENTITY_SERVER_THUMBPRINT, over TLS
AWS_ENDPOINT_URL_STS also answers GetCallerIdentity, for endpointkit whoami --ask.

Bodies:
  {"messages": …}           OpenAI chat, streamed if "stream" is true; tools, seed, stop, max_tokens
  {"inputs": "…"}           Text Generation Inference (SageMaker; the endpoint "tgi" takes no other)
  {"contents": …}           Gemini, by the generateContent verbs
  {"question": "…"}         prompt flow (/score), streamed for Accept: text/event-stream
  {"instances": [[1,2]]}, {"input_data": …}, {"data": …}, text/csv      the sum of each row
  anything to /score, or to an endpoint "echo"                           comes back as it is

The name of the endpoint, model or deployment (header azureml-model-deployment) orders an accident:
  missing   not found, in the provider's words
  busy      429; "flaky" is busy on its first, third, fifth … request
  failing   the model fails before its answer (424, 500)
  broken    the model fails in the middle of its answer: the provider's in-stream error
  cut       the connection breaks in the middle of the answer
Any other name answers. A prompt with [failing], [broken] or [cut] in it does the same.

The model repeats the words of the prompt, the same way each time; with a temperature the seed
counts. It calls a tool if there is one and the prompt names it, says "use the tool" or "weather".
With --upstream a real server answers instead (its key is read from ENDPOINTKIT_UPSTREAM_KEY).

Secrets are random at each start, unless --seed is given; Google's RSA key always is. The files are
readable by their owner only and stay when the emulator ends. SIGTERM and SIGINT end it with 0.)";

constexpr const char* faults_before =
    R"(

Faults: what goes wrong on the way, to order with a header on one request or for all calls of models
  x-emulator-fault: cut;after=120                  this request
  --fault '503;times=2;cloud=vertex'               the first two calls of Vertex AI
An order is a name and parameters. times=N: only so many requests are hit, then all goes well (a
header's order counts by its text: id=TEXT tells two apart). cloud=sagemaker, vertex or azureml.
after=BYTES counts the bytes of the body, without HTTP's chunk sizes. Times are in milliseconds.
)";
constexpr const char* faults_after =
    R"(  RETRY is any of retry-after=TEXT, retry-date=SECONDS (Retry-After as the date so far from now),
  retry-after-ms=TEXT, x-ms-retry-after-ms=TEXT, x-amz-retry-after=TEXT (milliseconds) and, in the
  body of Vertex AI's errors, retry-info=SECONDS.
Refusals come before the model: they are no generation in /_emulator/stats, which counts each order
under "faults", and the answers that have fallen silent by it under "silences". What HTTP/2
alone can say is refused to a request of HTTP/1.1.

Recordings: --record DIR writes what a client saw of each call (status, headers, body in the pieces
and the time that it came in): the built-in model's answer, an upstream's or a fault's, or with
--forward URL that of a real service, which gets each request as it is. (Tokens and keys hold there.
SigV4 does not: it signs the host.) --replay DIR gives each route its recordings in the order of
their files, then again from the first; tokens are still issued, proofs no longer checked, and faults
may be added. Values of request headers are kept only where they cannot be secret; prompts and
answers are, as they are.)";

struct Command {
  Options options{.tokens_per_second = 60};
  std::string env_file;
  long token_lifetime = 3599;
  bool print_env = false;
  bool verbose = false;
};

void declare(CLI::App& app, Command& command) {
  Options& options = command.options;
  app.add_option("--port", options.port, "TCP port; 0 takes a free one")->capture_default_str();
  app.add_option("--host", options.host,
                 "Loopback address, or in a network namespace that of a metadata service")
      ->capture_default_str();
  app.add_option("--env-file", command.env_file,
                 "Write export lines for a shell here, and Google's key file beside it "
                 "(FILE.google.json)");
  app.add_flag("--tls", options.tls,
               "Serve https, with HTTP/2 for clients that offer it; the certificate to trust goes "
               "to FILE.ca.pem beside the --env-file, which names it in SSL_CERT_FILE");
  app.add_flag("--print-env", command.print_env,
               "Print the export lines on stdout, before the ready line");
  app.add_option("--identity", options.identities,
                 "Let clients find their identity there instead of keys, one place a cloud; the "
                 "files go to FILE.identity beside the --env-file")
      ->check(CLI::IsMember(ek::emulator::identity_names()));
  app.add_option("--entra-certificate", options.entra_certificate,
                 "PEM or PFX file with the application's certificate and key, for the identity "
                 "\"certificate\"");
  app.add_option("--tokens-per-second", options.tokens_per_second,
                 "Pace of the built-in model; 0 is full speed")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "The same keys and secrets at each start");
  app.add_option("--region", options.region, "AWS region that signatures must name")
      ->capture_default_str();
  app.add_flag("--session-token", options.session_token,
               "Temporary AWS keys, which need AWS_SESSION_TOKEN");
  app.add_flag("--azure-key", options.azure_key,
               "Also give out AZUREML_ENDPOINT_API_KEY, which wins over Entra");
  app.add_option("--token-lifetime", command.token_lifetime,
                 "Seconds that Google's and Entra's tokens live")
      ->capture_default_str();
  app.add_option("--upstream", options.upstream,
                 "Base URL of an OpenAI-compatible server that answers in place of the built-in "
                 "model: https, or http to loopback");
  app.add_option("--upstream-model", options.upstream_model,
                 "Model name for it, in place of the caller's");
  app.add_option("--fault", options.faults,
                 "What goes wrong with all calls of models, from the table below; may be repeated");
  app.add_option("--forward", options.forward,
                 "Base URL of a real service that answers calls of models in place of the emulated "
                 "ones: https, or http to loopback");
  app.add_option(
      "--record", options.record_folder,
      "Write each call of a model into this folder, one JSON file each, without secrets");
  app.add_option("--replay", options.replay_folder,
                 "Serve the recordings of this folder in place of the models");
  app.add_option("--replay-speed", options.replay_speed,
                 "How many times as fast as it was; 0 is at once")
      ->capture_default_str();
  app.add_option("--connections", options.connections, "Connections served at once")
      ->capture_default_str();
  app.add_flag("--verbose", command.verbose, "Log each request on stderr, without secrets");
  app.set_version_flag("--version", ENDPOINTKIT_VERSION);
}

int fail(const ek::Error& error) {
  std::fprintf(stderr, "endpointkit-emulator: %s\n", error.message.c_str());
  return 1;
}

void complete(Command& command) {
  Options& options = command.options;
  options.token_lifetime = std::chrono::seconds(command.token_lifetime);
  if (!command.env_file.empty()) {
    const std::string file = std::filesystem::absolute(command.env_file).string();
    options.google_key_file = file + ".google.json";
    options.identity_folder = file + ".identity";
    if (options.tls) options.ca_file = file + ".ca.pem";
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet
  if (const char* key = std::getenv("ENDPOINTKIT_UPSTREAM_KEY"); key != nullptr) {
    options.upstream_key = ek::Secret(key);
  }
  if (command.verbose) {
    options.log = [mutex = std::make_shared<std::mutex>()](const std::string& line) {
      const std::lock_guard lock(*mutex);
      std::fprintf(stderr, "%s\n", line.c_str());
    };
  }
}

// Blocked in all threads, so that sigwait() gets it.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

int run(Command& command) {
  complete(command);
  const sigset_t signals = block_stop_signals();
  if (!command.env_file.empty()) {
    const auto removed = ek::emulator::remove_old_file(command.env_file);
    if (!removed) return fail(removed.error());
  }
  const auto emulator = Emulator::start(command.options);
  if (!emulator) return fail(emulator.error());
  const std::string exports = ek::emulator::shell_exports((*emulator)->environment());
  if (!command.env_file.empty()) {
    const auto written = ek::emulator::write_private_file(command.env_file, exports);
    if (!written) return fail(written.error());
  }
  if (command.print_env) std::fputs(exports.c_str(), stdout);
  std::printf("endpointkit-emulator listening on %s\n", (*emulator)->base_url().c_str());
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  (*emulator)->stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(description, "endpointkit-emulator");
  app.footer(footer + (faults_before + ek::emulator::fault_help()) + faults_after);
  Command command;
  declare(app, command);
  CLI11_PARSE(app, argc, argv);
  return run(command);
}
