// What SigV4 and SigV4a share on the way to a signature: the canonical request and the texts around
// it. Private to signing.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "signing/sigv4.hpp"

namespace ek::sigv4 {

/// A header that is signed, as views into the request.
struct Field {
  std::string_view name;
  std::string_view value;
};

/// Those of `request` that `options` sign, and Host; sorted by name.
std::vector<Field> fields_to_sign(const SigV4Request& request, const SigV4Options& options);
/// Keeps the order of appearance among equal names.
void insert(std::vector<Field>& fields, Field field);
/// "content-type;host"
std::string names_of(const std::vector<Field>& fields);

std::string payload_hash(Sha256& sha, const SigV4Request& request);

/// With the payload hash and the names of `trace`.
std::string canonical_request(const SigV4Request& request, const std::vector<Field>& fields,
                              const SigV4Trace& trace, const SigV4Options& options,
                              std::string_view query);

/// What tells the schemes apart; all else about a signature is the same for both.
struct Scheme {
  std::string_view algorithm;
  std::string_view access_key_id;
  std::string_view session_token;
  std::string_view region_set;  ///< Of SigV4a only: it is sent and signed.
  std::string time;
  std::string credential_scope;
};

/// Signing by header in two steps, with the signature between them: up to the text to sign, then
/// the headers of the signed request.
SigV4Trace begin_headers(Sha256& sha, const SigV4Request& request, const Scheme& scheme,
                         const SigV4Options& options);
void end_headers(const SigV4Request& request, const Scheme& scheme, const SigV4Options& options,
                 SigV4Trace& trace);

/// The same by query. Errors: invalid_request if the request would not live 1 s to 7 days.
Result<SigV4Trace> begin_query(Sha256& sha, const SigV4Request& request, const Scheme& scheme,
                               std::chrono::seconds lifetime, const SigV4Options& options);
void end_query(const Scheme& scheme, SigV4Trace& trace);

}  // namespace ek::sigv4
