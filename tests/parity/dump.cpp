// endpointkit-parity-dump CASES KEY.pem CERTIFICATES.pem: what this library would send for each
// case, as JSON on stdout: [{"case", "method", "url", "headers": {…}, "body": base64}]. A transport
// that answers by itself takes the place of the network, and the clock stands still.
// endpointkit-parity-dump verify CASES RECORDED: fails if our signer makes another signature than
// the one that a request recorded from another library carries.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/base64.hpp"
#include "base/uri.hpp"
#include "endpointkit/endpointkit.hpp"
#include "signing/sigv4.hpp"
#include "support/fake_transport.hpp"
#include "support/test_environment.hpp"

namespace {

using ek::test::FakeTransport;
using ek::test::ManualClock;
using nlohmann::ordered_json;

std::string file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error(std::string("cannot read ") + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Enough of an answer for every token service and every model.
ek::test::ScriptedReply answer(const ek::HttpRequest&) {
  return {.headers = {{"content-type", "application/json"}},
          .body = {R"({"access_token":"token","expires_in":3599,"token_type":"Bearer",)"
                   R"("issued_token_type":"urn:ietf:params:oauth:token-type:access_token",)"
                   R"("accessToken":"token","expireTime":"2026-01-02T04:04:05Z",)"
                   R"("subject_token":"subject/+=token"})"}};
}

class Recorder {
 public:
  explicit Recorder(const ordered_json& cases)
      : clock_(std::make_shared<ManualClock>(
            ManualClock::Wall(std::chrono::seconds(cases["time"].get<long>())))) {}

  /// Runs one call on a client of its own and keeps what it sent.
  void record(const std::string& name, const std::string& uri, const ek::Credentials& credentials,
              const ek::EndpointOptions& options, const ek::InvokeRequest& request, bool stream,
              const ek::test::World& world = {}) {
    auto transport = std::make_shared<FakeTransport>(clock_);
    transport->handle(answer);
    ek::Environment environment = *ek::test::make_environment(clock_, world);
    // Whatever else stands in the command line.
    if (!world.commands.empty()) {
      environment.run_command = [said = world.commands.begin()->second](auto&&...) {
        return ek::Result<ek::CommandOutput>(said);
      };
    }
    const ek::Client client(
        {.transport = transport,
         .environment = std::make_shared<const ek::Environment>(std::move(environment))});
    const ek::Endpoint endpoint = client.open(uri, credentials, options).value();
    if (stream) {
      auto pieces = endpoint.invoke_stream(request).value();
      while (auto piece = pieces.next()) piece->value();
    } else {
      (void)endpoint.invoke(request).value();
    }
    for (const ek::HttpRequest& sent : transport->requests()) keep(name, sent);
  }
  /// What it takes to get a token, one case a request.
  void record_steps(const std::string& name, const std::string& uri,
                    const ek::Credentials& credentials, const ek::test::World& world) {
    const std::size_t before = sent_.size();
    record(name, uri, credentials, {}, {.body = "{}"}, false, world);
    sent_.erase(sent_.size() - 1);  // the call itself
    for (std::size_t i = before; i < sent_.size(); ++i)
      sent_[i]["case"] = name + " " + std::to_string(i - before + 1);
  }
  [[nodiscard]] std::string text() const { return sent_.dump(1); }

 private:
  void keep(const std::string& name, const ek::HttpRequest& request) {
    ordered_json headers = ordered_json::object();
    for (const ek::Header& header : request.headers) headers[header.name] = header.value;
    sent_.push_back({{"case", name},
                     {"method", request.method},
                     {"url", request.url},
                     {"headers", headers},
                     {"body", ek::base64_encode(request.body)}});
  }

  std::shared_ptr<ManualClock> clock_;
  ordered_json sent_ = ordered_json::array();
};

std::string text_in(const ordered_json& object, const char* key) {
  return object.value(key, std::string());
}

void record_sagemaker(Recorder& recorder, const ordered_json& cases) {
  const ordered_json& aws = cases["aws"];
  for (const ordered_json& one : cases["sagemaker"]) {
    ek::EndpointOptions options;
    const ordered_json given = one.value("options", ordered_json::object());
    for (const auto& [key, value] : given.items()) options[key] = value.get<std::string>();
    recorder.record("sagemaker " + text_in(one, "name"),
                    "sagemaker://" + text_in(aws, "region") + "/" + text_in(one, "endpoint"),
                    ek::Credentials::aws_keys(text_in(aws, "access_key_id"),
                                              ek::Secret(text_in(aws, "secret_access_key")),
                                              ek::Secret(text_in(one, "session_token"))),
                    options,
                    {.body = text_in(one, "body"),
                     .content_type = text_in(one, "content_type"),
                     .accept = text_in(one, "accept")},
                    one.value("stream", false));
  }
}

void record_google(Recorder& recorder, const ordered_json& google, const std::string& pem) {
  ordered_json key = google;
  key["type"] = "service_account";
  key["private_key"] = pem;
  const std::string uri = "vertex://" + text_in(google, "project") + "/" +
                          text_in(google, "location") + "/" + text_in(google, "endpoint");
  const ek::JsonText file{key.dump()};
  for (const auto& [name, proof] :
       {std::pair("google grant", ek::GoogleProof::jwt_grant),
        std::pair("google self-signed", ek::GoogleProof::self_signed)}) {
    recorder.record(name, uri, ek::Credentials::google_service_account(file, proof).value(), {},
                    {.body = "{}"}, false);
  }
}

std::map<std::string, std::string> texts_of(const ordered_json& object) {
  return object.get<std::map<std::string, std::string>>();
}

void record_federation(Recorder& recorder, const ordered_json& cases) {
  const ordered_json& given = cases["federation"];
  const ordered_json& google = cases["google"];
  const std::string uri = "vertex://" + text_in(google, "project") + "/" +
                          text_in(google, "location") + "/" + text_in(google, "endpoint");
  ek::test::World world{.variables = texts_of(given["aws"]),
                        .files = {{"subject.txt", text_in(given, "subject_token")}}};
  world.variables["GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"] = "1";
  world.commands[given["command"].get<std::vector<std::string>>()] = {
      .exit_code = 0, .standard_output = given["executable"].dump()};
  for (const auto& [name, source] : given["sources"].items()) {
    for (const bool impersonates : {false, true}) {
      ordered_json file = given["file"];
      file.update(source);
      if (impersonates) file["service_account_impersonation_url"] = given["impersonation"];
      recorder.record_steps(
          "federation " + name + (impersonates ? " impersonation" : ""), uri,
          ek::Credentials::google_from_json({file.dump()}, ek::GoogleFileType::external_account)
              .value(),
          world);
    }
  }
}

void record_google_files(Recorder& recorder, const ordered_json& cases) {
  const ordered_json& google = cases["google"];
  const std::string uri = "vertex://" + text_in(google, "project") + "/" +
                          text_in(google, "location") + "/" + text_in(google, "endpoint");
  for (const auto& [name, file] : cases["google_files"].items())
    recorder.record_steps(
        "google file " + name, uri,
        ek::Credentials::google_from_json({file.dump()}, ek::GoogleFileType::any).value(), {});
}

void record_azure(Recorder& recorder, const ordered_json& azure, const std::string& pem,
                  const std::string& certificates) {
  const std::string uri = "azureml://" + text_in(azure, "host") + "/score";
  const std::string tenant = text_in(azure, "tenant_id"), client = text_in(azure, "client_id");
  const auto get = [&](const char* name, const ek::Result<ek::Credentials>& credentials,
                       const ek::test::World& world = {}) {
    recorder.record_steps(std::string("azure ") + name, uri, credentials.value(), world);
  };
  get("client secret", ek::Credentials::azure_client_secret(
                           {.tenant_id = tenant,
                            .client_id = client,
                            .client_secret = ek::Secret(text_in(azure, "client_secret"))}));
  get("certificate",
      ek::Credentials::azure_certificate({.tenant_id = tenant,
                                          .client_id = client,
                                          .certificate = ek::Secret(pem + certificates)}));
  get("certificate chain",
      ek::Credentials::azure_certificate({.tenant_id = tenant,
                                          .client_id = client,
                                          .certificate = ek::Secret(pem + certificates),
                                          .send_chain = true}));
  const ek::Secret assertion(text_in(azure, "assertion"));
  get("federated",
      ek::Credentials::azure_federated({.tenant_id = tenant, .client_id = client, .assertion = [&] {
                                          return ek::Result<ek::Secret>(assertion);
                                        }}));
  get("workload",
      ek::Credentials::azure_workload_identity(
          {.tenant_id = tenant, .client_id = client, .token_file = "assertion.txt"}),
      {.files = {{"assertion.txt", assertion.reveal()}}});
  get("managed imds", ek::Credentials::azure_managed_identity());
  get("managed imds client", ek::Credentials::azure_managed_identity({.client_id = client}));
  get("managed imds object",
      ek::Credentials::azure_managed_identity({.object_id = text_in(azure, "object_id")}));
  get("managed app service",
      ek::Credentials::azure_managed_identity({.resource_id = text_in(azure, "resource_id")}),
      {.variables = texts_of(azure["app_service"])});
}

void record(const ordered_json& cases, const std::string& pem, const std::string& certificates) {
  Recorder recorder(cases);
  record_sagemaker(recorder, cases);
  record_google(recorder, cases["google"], pem);
  record_federation(recorder, cases);
  record_google_files(recorder, cases);
  record_azure(recorder, cases["azure"], pem, certificates);
  std::puts(recorder.text().c_str());
}

// The signature that our signer makes of a recorded request, over the headers that its own signed.
std::string our_signature(const ordered_json& recorded, const ek::SigV4Authorization& theirs,
                          const ek::Secret& key) {
  ek::HttpRequest request{.method = text_in(recorded, "method"),
                          .url = text_in(recorded, "url"),
                          .body = ek::base64_decode(text_in(recorded, "body")).value()};
  for (const auto& [name, value] : recorded["headers"].items())
    request.headers.push_back({name, value.get<std::string>()});
  const std::string host = ek::parse_uri(request.url).value().authority();
  const ek::HttpHead head{.headers = request.headers};
  if (head.header("host").empty()) request.headers.push_back({"host", host});
  ek::Sha256 sha;
  return ek::recompute_sigv4(sha, ek::sigv4_request(request).value(), theirs, key)
      .value()
      .signature;
}

// The number of requests whose signature is another than ours.
int verify(const ordered_json& cases, const ordered_json& recorded) {
  const ek::Secret key(text_in(cases["aws"], "secret_access_key"));
  int checked = 0, failed = 0;
  for (const ordered_json& request : recorded) {
    ek::HttpHead head;
    const ordered_json& headers = request["headers"];
    for (const auto& [name, value] : headers.items())
      head.headers.push_back({name, value.get<std::string>()});
    const auto theirs = ek::parse_sigv4_authorization(head.header("authorization"));
    if (!theirs) continue;
    ++checked;
    if (our_signature(request, *theirs, key) == theirs->signature) continue;
    ++failed;
    std::printf("DIFFERS  %s: our signature of the recorded request is another\n",
                text_in(request, "case").c_str());
  }
  std::printf("our signer agrees with %d of %d recorded signatures\n", checked - failed, checked);
  return checked == 0 ? 1 : failed;
}

}  // namespace

int main(int argc, char** argv) {
  const bool verifies = argc == 4 && std::string_view(argv[1]) == "verify";
  if (argc != 4) {
    std::fputs(
        "usage: endpointkit-parity-dump CASES.json KEY.pem CERTIFICATES.pem\n"
        "       endpointkit-parity-dump verify CASES.json RECORDED.json\n",
        stderr);
    return 2;
  }
  try {
    if (verifies) {
      const int failed =
          verify(ordered_json::parse(file(argv[2])), ordered_json::parse(file(argv[3])));
      return failed == 0 ? 0 : 1;
    }
    record(ordered_json::parse(file(argv[1])), file(argv[2]), file(argv[3]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "endpointkit-parity-dump: %s\n", error.what());
    return 1;
  }
  return 0;
}
