/* consumer VERSION: links the whole library, and fails without touching the network. */
#include <endpointkit/endpointkit.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  epk_endpoint *endpoint = NULL;
  epk_error *error = NULL;
  epk_status status;
  if (argc != 2 || strcmp(epk_version(), argv[1]) != 0) return 1;
  status =
      epk_endpoint_open(NULL, "nowhere://at/all", EPK_ZERO_TERMINATED, NULL, &endpoint, &error);
  if (status != EPK_INVALID_REQUEST || endpoint != NULL) return 2;
  puts(epk_error_message(error, NULL));
  epk_error_free(error);
  return 0;
}
