// Google's JSON credential files: one place that says which types there are and what each becomes.
// Pure. https://google.aip.dev/auth/4110
#pragma once

#include <memory>
#include <string_view>

#include "endpointkit/credentials.hpp"
#include "endpointkit/error.hpp"
#include "signing/google/account.hpp"
#include "signing/json_object.hpp"

namespace ek {

/// Errors: authentication/credentials, saying what `json` is instead: no JSON, an OAuth client, a
/// type that was not `expected`, one that there is no support for; which member is missing; which
/// URL is not trusted.
Result<GoogleAccountPtr> parse_google_credentials(std::string_view json, GoogleFileType expected);

/// The same for an object in another file.
Result<GoogleAccountPtr> parse_google_credentials(const JsonObject& file, GoogleFileType expected);

/// A file that is of the type `expected`, and no more than that is known of it.
Result<JsonObject> open_credential_file(std::string_view json, GoogleFileType expected);

/// The text member `name`. Errors: authentication/credentials if it is missing or empty.
Result<std::string> required_member(const JsonObject& file, const char* name);

}  // namespace ek
