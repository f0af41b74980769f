/* What the tests of calls share: endpoints of the small model of fake_model.py. */
#ifndef EK_TESTS_CAPI_CALLS_H_
#define EK_TESTS_CAPI_CALLS_H_

#include "check.h"

static const char *base_url = "";

#define CHAT "azureml://model.test/chat/completions"
#define SCORE "azureml://model.test/score"

static const char bytes_sent[] = "\0\xff{\"not\": utf-8}\r\n";

/* On the default client, if there is none. */
static epk_endpoint *open_on(const epk_client *client, const char *uri) {
  const char *pairs[] = {"base_url", base_url, "credentials.bearer", "k3y", "retry.max_attempts",
                         "1",        NULL};
  epk_options *options = make_options(pairs);
  epk_endpoint *endpoint = NULL;
  epk_error *error = NULL;
  CHECK(epk_endpoint_open(client, uri, Z, options, &endpoint, &error) == EPK_OK);
  CHECK_TEXT(epk_error_message(error, NULL), "");
  epk_error_free(error);
  epk_options_free(options);
  return endpoint;
}

/* False if `arguments` are not those of a test: PROGRAM BASE_URL. */
static int take_arguments(int count, char **arguments) {
  if (count == 2) base_url = arguments[1];
  if (count != 2) fprintf(stderr, "usage: %s BASE_URL\n", arguments[0]);
  return count == 2;
}

static int report(void) {
  if (failures != 0) fprintf(stderr, "%d checks failed\n", failures);
  return failures == 0 ? 0 : 1;
}

#endif /* EK_TESTS_CAPI_CALLS_H_ */
