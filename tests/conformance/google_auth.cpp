// google-auth's own vectors: signatures here, the exchanges that give tokens in
// google_auth_tokens.cpp.
#include "conformance/google_auth.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.hpp"
#include "base/iso_time.hpp"
#include "signing/crypto/ec.hpp"
#include "signing/google/aws_subject.hpp"
#include "signing/jwt.hpp"
#include "signing/sigv4.hpp"

namespace ek::conformance {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string erase(std::string text, std::string_view part) {
  const auto at = text.find(part);
  return at == std::string::npos ? text : text.erase(at, part.size());
}

// google-auth signs a Date that the caller set in place of X-Amz-Date; AWS takes either, and
// nothing here sends Date. What is compared is all the rest, down to the signature.
std::string without_amz_date(std::string canonical, const std::string& time) {
  return erase(erase(std::move(canonical), "x-amz-date:" + time + "\n"), ";x-amz-date");
}

std::string signature_of(Sha256& sha, const SigV4Context& context, const std::string& text) {
  return to_hex(view(sha.hmac(view(context.key), text)));
}

void run_signed_request(const json& test, Report& report) {
  HttpRequest request{.method = test["request"]["method"],
                      .url = test["request"]["url"],
                      .body = text_of(test["request"], "data")};
  bool dated = false;
  const json given_headers = test["request"].value("headers", json::object());
  for (const auto& [name, value] : given_headers.items()) {
    request.headers.push_back({name, value});
    dated = dated || iequals(name, "date");
  }
  const json& given = test["credentials"];
  const AwsKeys keys{
      .access_key_id = given["access_key_id"],
      .secret_access_key = Secret(given["secret_access_key"].get<std::string>()),
      .session_token = Secret(given.contains("session_token") ? text_of(given, "session_token")
                                                              : text_of(given, "security_token"))};
  const auto to_sign = sigv4_request(request).value();
  const std::string service(to_sign.authority.substr(0, to_sign.authority.find('.')));
  const std::string region = test["region"];
  const auto time = parse_iso_time(test["time"].get<std::string>()).value();
  Sha256 sha;
  const SigV4Context context = make_sigv4_context(sha, keys, region, service, time);
  // google-auth signs the path as it is sent; the one that it is used for is "/".
  const SigV4Trace trace =
      sign_sigv4(sha, to_sign, context, {.encode_path = false, .signs = is_stable_header});
  std::string canonical = trace.canonical_request;
  if (dated) canonical = without_amz_date(std::move(canonical), sigv4_time(time));
  const std::string text = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", sigv4_time(time),
                                       trace.credential_scope, to_hex(view(sha.hash(canonical))));
  std::string why;
  if (canonical != test["canonical_request"]) why = "canonical request <" + canonical + ">";
  if (text != test["string_to_sign"]) why += " string to sign <" + text + ">";
  const std::string wanted = test["signed_request"]["headers"]["Authorization"];
  if (!wanted.ends_with("Signature=" + signature_of(sha, context, text))) why += " signature";
  if (!dated && wanted != trace.headers.back().value)
    why += " authorization <" + trace.headers.back().value + ">";
  report.tell(test["id"], why);
}

void run_aws_subject_token(const json& test, Report& report) {
  test::World world;
  for (const auto& [name, value] : test["environment"].items()) world.variables[name] = value;
  Bench bench(world);
  bench.clock->set_wall(parse_iso_time(test["time"].get<std::string>()).value());
  for (const json& exchange : test["http"]) bench.web->reply(response_of(exchange["response"]));
  const auto source = JsonObject::parse(test["credential_source"].dump()).value();
  const SubjectPurpose purpose{.audience = test["audience"]};
  Result<Secret> token = Error{};
  // The suite hands every source to the class for AWS; here the dispatch is part of it.
  if (auto read = source.has("environment_id") ? read_aws_source(source, purpose)
                                               : read_subject_source(source, purpose)) {
    token = read->fetch(bench.services(), bench.context());
  }
  std::string why = difference(test["http"], bench.web->requests());
  const json& expect = test["expect"];
  if (expect.contains("error")) {
    if (token) why += " no error";
  } else if (!token) {
    why += " " + token.error().message;
  } else if (token->reveal() != expect["subject_token"]) {
    why += " token <" + token->reveal() + ">";
  }
  report.tell("aws-subject-token " + test["id"].get<std::string>(), why);
}

std::string without_armour(const std::string& pem) {
  const auto start = pem.find('\n');
  std::string body = pem.substr(start, pem.find("-----END") - start);
  std::erase(body, '\n');
  return base64_decode(body).value();
}

// A number of a signature as DER's INTEGER.
std::string der_integer(std::string_view bytes) {
  while (bytes.size() > 1 && bytes[0] == '\0') bytes.remove_prefix(1);
  std::string out(bytes);
  if ((static_cast<unsigned char>(out[0]) & 0x80U) != 0) out.insert(0, 1, '\0');
  return std::string("\x02") + static_cast<char>(out.size()) + out;
}

void run_es256(const fs::path& folder, const json& test, Report& report) {
  const std::string der = without_armour(read_file(folder / test["public_key_file"]));
  const std::string point = der.substr(der.size() - 64);
  const auto key = EcPublicKey::from_point(point.substr(0, 32), point.substr(32));
  const std::string raw = base64_decode(test["signature"].get<std::string>()).value();
  const std::string both = der_integer(raw.substr(0, 32)) + der_integer(raw.substr(32));
  const std::string signature = std::string("\x30") + static_cast<char>(both.size()) + both;
  const std::string input = test["signing_input"];
  const bool good = key && key->verify(input, signature) && !key->verify(input + '.', signature);
  report.tell(test["id"], good ? "" : "the signature was not found right");
}

void run_jwts(const fs::path& folder, Report& report) {
  const json suite = read_json(folder / "jwt.json");
  for (const json& test : suite["rs256"]) {
    const auto key = RsaPrivateKey::parse(read_file(folder / test["key_file"]));
    const std::string header = test["header_json"], payload = test["payload_json"];
    const auto jwt = key ? sign_jws(header, payload, *key) : Result<std::string>(key.error());
    std::string why = !jwt ? jwt.error().message : *jwt != test["jwt"] ? *jwt : "";
    if (why.empty() && !verify_jwt(*jwt, key->public_key())) why = "does not verify";
    report.tell(test["id"], why);
  }
  for (const json& test : suite["es256"]) run_es256(folder, test, report);
  for (const json& test : suite["malformed"]) {
    const std::string jwt = test["jwt"];
    report.tell("malformed " + jwt, parse_jwt(jwt) ? "was accepted" : "");
  }
}

void run(const fs::path& folder, Report& report) {
  run_google_signatures(folder, report);
  run_google_tokens(folder, report);
}

}  // namespace

void run_google_signatures(const fs::path& folder, Report& report) {
  const json signed_requests = read_json(folder / "aws-request-signer.json");
  for (const json& test : signed_requests["cases"]) run_signed_request(test, report);
  const json subject_tokens = read_json(folder / "aws-subject-token.json");
  for (const json& test : subject_tokens["cases"]) run_aws_subject_token(test, report);
  run_jwts(folder, report);
}

std::vector<Suite> google_auth_suites() { return {{"google-auth", run}}; }

}  // namespace ek::conformance
