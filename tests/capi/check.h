/* What the tests of the C API share. */
#ifndef EK_TESTS_CAPI_CHECK_H_
#define EK_TESTS_CAPI_CHECK_H_

#include <stdio.h>
#include <string.h>

#include "endpointkit/endpointkit.h"
#include "endpointkit/endpointkit_queue.h"

static int failures = 0;

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      ++failures;                                                             \
      fprintf(stderr, "%s:%d: not so: %s\n", __func__, __LINE__, #condition); \
    }                                                                         \
  } while (0)
#define CHECK_TEXT(got, wanted)                                                                 \
  do {                                                                                          \
    const char *text_got = (got);                                                               \
    if (strcmp(text_got, (wanted)) != 0) {                                                      \
      ++failures;                                                                               \
      fprintf(stderr, "%s:%d: \"%s\" is not \"%s\"\n", __func__, __LINE__, text_got, (wanted)); \
    }                                                                                           \
  } while (0)

#define Z EPK_ZERO_TERMINATED

/* ---- What the tests share -------------------------------------------------------------------- */

static epk_options *make_options(const char *const *pairs) {
  epk_options *options = NULL;
  CHECK(epk_options_new(&options, NULL) == EPK_OK);
  for (; *pairs != NULL; pairs += 2) {
    epk_error *error = NULL;
    CHECK(epk_options_set(options, pairs[0], pairs[1], Z, &error) == EPK_OK);
    CHECK_TEXT(epk_error_message(error, NULL), "");
    epk_error_free(error);
  }
  return options;
}

#endif /* EK_TESTS_CAPI_CHECK_H_ */
