// People: the refresh tokens that gcloud keeps for them, of Google accounts (AIP-4113) and of a
// company's own through workforce identity federation.
#pragma once

#include <memory>
#include <string_view>

#include "endpointkit/error.hpp"
#include "signing/google/account.hpp"
#include "signing/json_object.hpp"

namespace ek {

/// Of a file of the type "authorized_user". A new refresh token that an answer brings is used from
/// then on; files are never written.
Result<GoogleAccountPtr> read_authorized_user(const JsonObject& file);

/// Of a file of the type "external_account_authorized_user".
Result<GoogleAccountPtr> read_external_account_user(const JsonObject& file);

/// `Authorization: Basic …` (RFC 7617), as OAuth clients prove who they are (RFC 6749 §2.3.1).
Header basic_authorization(std::string_view client_id, const Secret& client_secret);

}  // namespace ek
