/* How do I chat from C? One turn for each message of the command line, streamed as it comes:
 *
 *     chat URI MESSAGE...
 *
 * Who is calling is taken from the environment, as endpointkit/credentials.hpp says. */
#include <stdio.h>

#include "endpointkit/endpointkit.h"

/* Prints the error, frees it, and leaves `error` as it must be for the next call. */
static void complain(epk_error **error) {
  fprintf(stderr, "%s (%s): %s\n", epk_error_code_name(*error), epk_error_phase_name(*error),
          epk_error_message(*error, NULL));
  epk_error_free(*error);
  *error = NULL;
}

/* Prints the answer while it comes. */
static epk_status print_answer(epk_call *call, epk_error **error) {
  const epk_event *event = NULL;
  epk_status status;
  while ((status = epk_call_next(call, -1, &event, error)) == EPK_EVENT) {
    size_t length = 0;
    const char *text = epk_event_text(event, &length);
    if (epk_event_kind(event) == EPK_EVENT_TEXT) fwrite(text, 1, length, stdout);
    fflush(stdout);
  }
  fputc('\n', stdout);
  return status;
}

/* Asks, prints the answer, and appends both to the conversation. */
static epk_status take_turn(const epk_endpoint *endpoint, epk_request *conversation,
                            const char *message, epk_error **error) {
  epk_call *call = NULL;
  epk_reply *reply = NULL;
  epk_status status =
      epk_request_add_message(conversation, "user", message, EPK_ZERO_TERMINATED, error);
  if (status >= 0) status = epk_chat_start(endpoint, conversation, NULL, &call, error);
  if (status >= 0) status = print_answer(call, error);
  if (status >= 0) status = epk_call_reply(call, &reply, error);
  if (status >= 0) status = epk_request_add_reply(conversation, reply, error);
  epk_reply_free(reply);
  epk_call_free(call);
  return status;
}

int main(int argc, char **argv) {
  epk_endpoint *endpoint = NULL;
  epk_request *conversation = NULL;
  epk_error *error = NULL;
  epk_status status;
  int turn;
  if (argc < 3) {
    fprintf(stderr, "usage: %s URI MESSAGE...\n", argv[0]);
    return 2;
  }
  status = epk_endpoint_open(NULL, argv[1], EPK_ZERO_TERMINATED, NULL, &endpoint, &error);
  if (status >= 0) status = epk_request_new(&conversation, &error);
  for (turn = 2; turn < argc && status >= 0; ++turn) {
    status = take_turn(endpoint, conversation, argv[turn], &error);
  }
  if (status < 0) complain(&error);
  epk_request_free(conversation);
  epk_endpoint_free(endpoint);
  return status < 0 ? 1 : 0;
}
