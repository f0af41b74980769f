#include "signing/azure/chain.hpp"

#include <array>

#include "signing/azure/environment.hpp"

namespace ek {

CredentialChain azure_chain() {
  static const std::array sources = {azure_key_source(), azure_client_secret_source()};
  return {.kind = "Azure credentials",
          .sources = sources,
          .advice =
              "Set the endpoint's key or all three of the application, or give one with "
              "Credentials::bearer or Credentials::azure_client_secret"};
}

}  // namespace ek
