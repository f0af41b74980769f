/* endpointkit.h is C99: alone, twice, and with every warning an error. */
#include "endpointkit/endpointkit.h"

/* A pedantic file is not empty. */
extern const epk_status ek_header_test_status;
const epk_status ek_header_test_status = EPK_OK;
