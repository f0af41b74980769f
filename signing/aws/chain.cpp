#include "signing/aws/chain.hpp"

#include <array>

#include "signing/aws/bearer.hpp"
#include "signing/aws/container.hpp"
#include "signing/aws/environment.hpp"
#include "signing/aws/imds.hpp"
#include "signing/aws/profile.hpp"
#include "signing/aws/web_identity.hpp"

namespace ek {

CredentialChain aws_chain() {
  static const std::array sources = {aws_bearer_key_source(), aws_environment_source(),
                                     aws_profile_source(),    aws_web_identity_source(),
                                     aws_container_source(),  aws_imds_source()};
  return {.kind = "AWS credentials",
          .sources = sources,
          .advice =
              "Set the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a profile "
              "with AWS_PROFILE or Credentials::aws_profile, or give the keys with "
              "Credentials::aws_keys"};
}

}  // namespace ek
