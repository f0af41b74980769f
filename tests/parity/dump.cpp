// endpointkit-parity-dump CASES KEY.pem: what this library would send for each case, as JSON on
// stdout: [{"case", "method", "url", "headers": {…}, "body": base64}]. A transport that answers by
// itself takes the place of the network, and the clock stands still.
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
          .body = {R"({"access_token":"token","expires_in":3599,"token_type":"Bearer"})"}};
}

class Recorder {
 public:
  explicit Recorder(const ordered_json& cases)
      : clock_(std::make_shared<ManualClock>(
            ManualClock::Wall(std::chrono::seconds(cases["time"].get<long>())))) {}

  /// Runs one call on a client of its own and keeps what it sent.
  void record(const std::string& name, const std::string& uri, const ek::Credentials& credentials,
              const ek::EndpointOptions& options, const ek::InvokeRequest& request, bool stream) {
    auto transport = std::make_shared<FakeTransport>(clock_);
    transport->handle(answer);
    const ek::Client client(
        {.transport = transport, .environment = ek::test::make_environment(clock_)});
    const ek::Endpoint endpoint = client.open(uri, credentials, options).value();
    if (stream) {
      auto pieces = endpoint.invoke_stream(request).value();
      while (auto piece = pieces.next()) piece->value();
    } else {
      (void)endpoint.invoke(request).value();
    }
    for (const ek::HttpRequest& sent : transport->requests()) keep(name, sent);
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

void record_azure(Recorder& recorder, const ordered_json& azure) {
  recorder.record("azure client secret", "azureml://" + text_in(azure, "host") + "/score",
                  ek::Credentials::azure_client_secret(
                      {.tenant_id = text_in(azure, "tenant_id"),
                       .client_id = text_in(azure, "client_id"),
                       .client_secret = ek::Secret(text_in(azure, "client_secret"))})
                      .value(),
                  {}, {.body = "{}"}, false);
}

void record(const ordered_json& cases, const std::string& pem) {
  Recorder recorder(cases);
  record_sagemaker(recorder, cases);
  record_google(recorder, cases["google"], pem);
  record_azure(recorder, cases["azure"]);
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
  if (argc != 3 && !verifies) {
    std::fputs(
        "usage: endpointkit-parity-dump CASES.json KEY.pem\n"
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
    record(ordered_json::parse(file(argv[1])), file(argv[2]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "endpointkit-parity-dump: %s\n", error.what());
    return 1;
  }
  return 0;
}
