// endpointkit.h is C++ too, from C++11 on: alone, and with C linkage.
#include "endpointkit/endpointkit.h"

static_assert(sizeof(epk_status) == 4 && sizeof(epk_kind) == 4, "fixed by the ABI");

extern "C" {
extern const char* (*const ek_header_test_version)(void);
const char* (*const ek_header_test_version)(void) = epk_version;
}
