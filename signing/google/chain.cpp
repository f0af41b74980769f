#include "signing/google/chain.hpp"

#include <array>

#include "signing/google/key_file.hpp"
#include "signing/google/metadata_server.hpp"

namespace ek {

CredentialChain google_chain() {
  static const std::array sources = {google_key_file_source(), google_gcloud_file_source(),
                                     google_metadata_source()};
  return {.kind = "Google credentials",
          .sources = sources,
          .advice =
              "Set GOOGLE_APPLICATION_CREDENTIALS to the path of a credential file, run \"gcloud "
              "auth application-default login\", or give a key with "
              "Credentials::google_service_account"};
}

}  // namespace ek
