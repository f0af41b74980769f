#include "signing/aws/chain.hpp"

#include <array>

#include "signing/aws/environment.hpp"

namespace ek {

CredentialChain aws_chain() {
  static const std::array sources = {aws_environment_source()};
  return {.kind = "AWS credentials",
          .sources = sources,
          .advice = "Set both variables, or give the keys with Credentials::aws_keys"};
}

}  // namespace ek
