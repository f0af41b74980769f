// libcurl's process-wide state.
#pragma once

namespace ek {

/// Initialises libcurl once per process, at the first call. It is never undone: other users of
/// libcurl in the process may still need it. False if libcurl refused.
bool init_curl() noexcept;

}  // namespace ek
