// Which of the emulated places a client is to find its identity at.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tools/emulator/service.hpp"

namespace ek::emulator {

/// "imds", "ecs", …: what Options::identities may hold.
std::vector<std::string> identity_names();
/// Whether one of them is served over TLS.
bool needs_tls(const std::vector<std::string>& identities);

/// Changes `variables` so that a client finds that place and no keys, and writes the files that the
/// place needs into `folder`, readable by their owner only.
/// Errors: invalid_request for another name, for "certificate" without one, or with the path that
/// cannot be written.
Result<void> set_up_identity(Service& service, std::string_view name, const std::string& folder,
                             std::map<std::string, std::string>& variables);

}  // namespace ek::emulator
