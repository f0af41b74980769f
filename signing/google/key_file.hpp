// The credential files of the machine: the one that a variable names, and gcloud's own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "signing/chain.hpp"

namespace ek {

/// GOOGLE_APPLICATION_CREDENTIALS. If it is set, the file has to be there and right.
CredentialSource google_key_file_source();

/// What "gcloud auth application-default login" wrote. If it is there, it has to be right.
CredentialSource google_gcloud_file_source();

/// Where that is: in CLOUDSDK_CONFIG, else in the user's configuration folder. None without a home.
std::optional<std::string> gcloud_file_path(const Environment& environment);
/// Another file in that folder.
std::optional<std::string> gcloud_file_path(const Environment& environment, std::string_view name);

}  // namespace ek
