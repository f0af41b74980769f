// The service-account key file that a variable names.
#pragma once

#include "signing/chain.hpp"

namespace ek {

/// GOOGLE_APPLICATION_CREDENTIALS. If it is set, the file has to be there and right.
CredentialSource google_key_file_source();

}  // namespace ek
