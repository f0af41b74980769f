#include "signing/google/chain.hpp"

#include <array>

#include "signing/google/key_file.hpp"

namespace ek {

CredentialChain google_chain() {
  static const std::array sources = {google_key_file_source()};
  return {.kind = "Google credentials",
          .sources = sources,
          .advice =
              "Set it to the path of a service-account key file, or give the key with "
              "Credentials::google_service_account"};
}

}  // namespace ek
