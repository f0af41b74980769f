// Why a signature was refused: AWS answers some with the canonical request that it computed, which
// can be laid beside ours. Pure.
#pragma once

#include <string>
#include <string_view>

#include "endpointkit/ext/transport.hpp"

namespace ek {

/// A sentence that names the first line in which the service's canonical request, as quoted in
/// `said`, differs from that of `sent` with its proof; or says that they are the same, which leaves
/// the key. "" if `said` quotes none or `sent` carries no signature. Session tokens are masked.
std::string explain_sigv4_refusal(const HttpRequest& sent, std::string_view said);

}  // namespace ek
