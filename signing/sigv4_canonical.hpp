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
bool has_header(const SigV4Request& request, std::string_view name);

/// With the payload hash and the names of `trace`.
std::string canonical_request(const SigV4Request& request, const std::vector<Field>& fields,
                              const SigV4Trace& trace, const SigV4Options& options,
                              std::string_view query);
/// Of the canonical request and the scope of `trace`.
std::string string_to_sign(Sha256& sha, std::string_view algorithm, std::string_view time,
                           const SigV4Trace& trace);
/// The Authorization header of a complete `trace`.
std::string authorization(std::string_view algorithm, std::string_view access_key_id,
                          const SigV4Trace& trace);
/// Errors: invalid_request if a presigned request would not live 1 s to 7 days.
Result<void> check_lifetime(std::chrono::seconds lifetime);

}  // namespace ek::sigv4
