/* Drives the shared library from plain C: what endpointkit.h promises, against the small model of
 * fake_model.py.
 *
 *     c_api_test BASE_URL */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpointkit/endpointkit.h"

static int failures = 0;
static const char *base_url = "";

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

static epk_endpoint *open_endpoint(const char *uri) {
  const char *pairs[] = {"base_url", base_url, "credentials.bearer", "k3y", "retry.max_attempts",
                         "1",        NULL};
  epk_options *options = make_options(pairs);
  epk_endpoint *endpoint = NULL;
  epk_error *error = NULL;
  CHECK(epk_endpoint_open(NULL, uri, Z, options, &endpoint, &error) == EPK_OK);
  CHECK_TEXT(epk_error_message(error, NULL), "");
  epk_error_free(error);
  epk_options_free(options);
  return endpoint;
}

static epk_endpoint *open_chat(void) {
  return open_endpoint("azureml://model.test/chat/completions");
}
static epk_endpoint *open_score(void) { return open_endpoint("azureml://model.test/score"); }

static epk_call *start_chat(const epk_endpoint *endpoint, const char *message) {
  epk_request *request = NULL;
  epk_call *call = NULL;
  CHECK(epk_request_from_message(message, Z, &request, NULL) == EPK_OK);
  CHECK(epk_chat_start(endpoint, request, NULL, &call, NULL) == EPK_OK);
  epk_request_free(request);
  return call;
}

/* The next status that is not a heartbeat or a count. */
static epk_status next_of_kind(epk_call *call, epk_kind kind, const epk_event **event) {
  epk_status status;
  do {
    status = epk_call_next(call, -1, event, NULL);
  } while (status == EPK_EVENT && epk_event_kind(*event) != kind);
  return status;
}

/* ---- The library and its options ------------------------------------------------------------- */

static void names_its_version_and_features(void) {
  int major, minor, patch;
  CHECK(sscanf(epk_version(), "%d.%d.%d", &major, &minor, &patch) == 3);
  CHECK(epk_has_feature("chat.stream") == 1);
  CHECK(epk_has_feature("dialect.openai") == 1);
  CHECK(epk_has_feature("dialect.klingon") == 0);
  CHECK(epk_has_feature("scheme.azureml") == 1);
  CHECK(epk_has_feature("scheme.gopher") == 0);
  CHECK(epk_has_feature("scheme.") == 0);
  CHECK(epk_has_feature(NULL) == 0);
}

static void refuses_unknown_options_by_listing_the_known(void) {
  const char *none[] = {NULL};
  epk_options *options = make_options(none);
  epk_error *error = NULL;
  CHECK(epk_options_set(options, "timeout.frist_ms", "1", Z, &error) == EPK_INVALID_REQUEST);
  CHECK(strstr(epk_error_message(error, NULL), "timeout.frist_ms") != NULL);
  CHECK(strstr(epk_error_message(error, NULL), "timeout.first_event_ms") != NULL);
  CHECK(strstr(epk_error_message(error, NULL), "credentials.aws.secret_access_key") != NULL);
  epk_error_free(error);
  epk_options_free(options);
}

static void refuses_values_that_do_not_fit(void) {
  const char *const bad[][2] = {{"timeout.idle_ms", "soon"},
                                {"timeout.idle_ms", "-1"},
                                {"timeout.idle_ms", ""},
                                {"timeout.idle_ms", "10s"},
                                {"timeout.total_ms", "99999999999999999999"},
                                {"retry.max_attempts", "0"},
                                {"retry.retry_paid", "yes"},
                                {"credentials.google.proof", "trust me"}};
  const char *none[] = {NULL};
  epk_options *options = make_options(none);
  size_t i;
  for (i = 0; i < sizeof bad / sizeof *bad; ++i) {
    epk_error *error = NULL;
    CHECK(epk_options_set(options, bad[i][0], bad[i][1], Z, &error) == EPK_INVALID_REQUEST);
    CHECK(strstr(epk_error_message(error, NULL), bad[i][0]) != NULL);
    epk_error_free(error);
  }
  CHECK(epk_options_set(options, "timeout.idle_ms", "25xyz", 2, NULL) == EPK_OK);
  epk_options_free(options);
}

static void refuses_options_that_a_function_does_not_take(void) {
  const char *pairs[] = {"credentials.bearer", "k3y", NULL};
  epk_options *options = make_options(pairs);
  epk_client *client = NULL;
  epk_error *error = NULL;
  CHECK(epk_client_new(options, &client, &error) == EPK_INVALID_REQUEST);
  CHECK(client == NULL);
  CHECK(strstr(epk_error_message(error, NULL), "credentials.bearer") != NULL);
  CHECK(strstr(epk_error_message(error, NULL), "k3y") == NULL);
  epk_error_free(error);
  epk_options_free(options);
}

static void refuses_two_kinds_of_credentials(void) {
  const char *pairs[] = {"credentials.bearer", "k3y", "credentials.aws.access_key_id",
                         "AKIDEXAMPLE", NULL};
  epk_options *options = make_options(pairs);
  epk_endpoint *endpoint = NULL;
  epk_error *error = NULL;
  CHECK(epk_endpoint_open(NULL, "azureml://model.test/score", Z, options, &endpoint, &error) ==
        EPK_INVALID_REQUEST);
  CHECK(strstr(epk_error_message(error, NULL), "choose one kind") != NULL);
  epk_error_free(error);
  epk_options_free(options);
}

/* ---- Opening --------------------------------------------------------------------------------- */

static void opens_by_options_alone_on_a_shared_client(void) {
  const char *pairs[] = {"uri",
                         "sagemaker://eu-west-1/my-llama",
                         "dialect",
                         "tgi",
                         "credentials.aws.access_key_id",
                         "AKIDEXAMPLE",
                         "credentials.aws.secret_access_key",
                         "wJalrXUtnFEMI",
                         NULL};
  epk_options *options = make_options(pairs);
  epk_client *client = NULL;
  epk_endpoint *endpoint = NULL;
  size_t length = 0;
  CHECK(epk_client_new(NULL, &client, NULL) == EPK_OK);
  CHECK(epk_endpoint_open(client, NULL, 0, options, &endpoint, NULL) == EPK_OK);
  epk_client_free(client); /* the endpoint keeps it alive */
  CHECK_TEXT(epk_endpoint_uri(endpoint, &length), "sagemaker://eu-west-1/my-llama");
  CHECK(length == strlen("sagemaker://eu-west-1/my-llama"));
  CHECK(strstr(epk_endpoint_credentials(endpoint, NULL), "AWS") != NULL);
  CHECK(strstr(epk_endpoint_credentials(endpoint, NULL), "wJalrXUtnFEMI") == NULL);
  epk_endpoint_free(endpoint);
  epk_options_free(options);
}

static void explains_what_cannot_be_opened(void) {
  const char *const bad[] = {"", "no uri", "gopher://model",
                             "azureml://model.test/score?colour=red"};
  size_t i;
  for (i = 0; i < sizeof bad / sizeof *bad; ++i) {
    epk_endpoint *endpoint = (epk_endpoint *)&endpoint;
    epk_error *error = NULL;
    CHECK(epk_endpoint_open(NULL, bad[i], Z, NULL, &endpoint, &error) == EPK_INVALID_REQUEST);
    CHECK(endpoint == NULL);
    CHECK(epk_error_code(error) == EPK_INVALID_REQUEST);
    CHECK_TEXT(epk_error_code_name(error), "invalid_request");
    CHECK_TEXT(epk_error_phase_name(error), "request");
    CHECK(epk_error_message(error, NULL)[0] != '\0');
    CHECK(epk_error_http_status(error) == 0);
    CHECK(epk_error_retry_after_ms(error) == -1);
    epk_error_free(error);
  }
}

static void takes_null_for_an_error_and_not_for_a_crash(void) {
  epk_error *error = NULL;
  const epk_event *event = NULL;
  CHECK(epk_endpoint_open(NULL, "azureml://h/score", Z, NULL, NULL, &error) == EPK_INVALID_REQUEST);
  CHECK_TEXT(epk_error_message(error, NULL), "endpoint is NULL");
  epk_error_free(error);
  CHECK(epk_chat_start(NULL, NULL, NULL, NULL, NULL) == EPK_INVALID_REQUEST);
  CHECK(epk_call_next(NULL, -1, &event, NULL) == EPK_INVALID_REQUEST);
  CHECK(epk_options_set(NULL, "uri", "x", 1, NULL) == EPK_INVALID_REQUEST);
  epk_call_cancel(NULL);
  epk_options_free(NULL);
  epk_client_free(NULL);
  epk_endpoint_free(NULL);
  epk_request_free(NULL);
  epk_reply_free(NULL);
  epk_call_free(NULL);
  epk_error_free(NULL);
  CHECK(epk_error_code(NULL) == EPK_OK);
  CHECK_TEXT(epk_error_json(NULL, NULL), "");
  CHECK_TEXT(epk_event_text(NULL, NULL), "");
}

static void names_the_member_of_a_request_that_is_wrong(void) {
  const char *json = "{\"messages\": [{\"role\": \"user\", \"content\": 7}]}";
  epk_request *request = NULL;
  epk_error *error = NULL;
  CHECK(epk_request_from_json(json, Z, &request, &error) == EPK_INVALID_REQUEST);
  CHECK(strstr(epk_error_message(error, NULL), "messages[0].content") != NULL);
  epk_error_free(error);
  CHECK(epk_request_from_message("Hi", 2, &request, NULL) == EPK_OK);
  CHECK(epk_request_add_message(request, "robot", "Hi", 2, NULL) == EPK_INVALID_REQUEST);
  epk_request_free(request);
}

/* ---- Calls ----------------------------------------------------------------------------------- */

static void streams_text_and_says_how_it_ended(void) {
  epk_endpoint *endpoint = open_chat();
  epk_call *call = start_chat(endpoint, "hello");
  const epk_event *event = NULL;
  char text[64] = "";
  epk_status status;
  epk_kind last = 0;
  epk_endpoint_free(endpoint); /* the call keeps it alive */
  while ((status = epk_call_next(call, -1, &event, NULL)) == EPK_EVENT) {
    last = epk_event_kind(event);
    if (last == EPK_EVENT_TEXT) strncat(text, epk_event_text(event, NULL), 32);
    if (last == EPK_EVENT_FINISHED) CHECK(strstr(epk_event_json(event, NULL), "\"stop\"") != NULL);
  }
  CHECK(status == EPK_END);
  CHECK(event == NULL);
  CHECK(last == EPK_EVENT_FINISHED);
  CHECK_TEXT(text, "Gr\xc3\xbc\xc3\x9f Gott!");
  CHECK(epk_call_next(call, 0, &event, NULL) == EPK_END);
  epk_call_free(call);
}

static void keeps_the_reply_of_a_stream_to_go_on_with(void) {
  epk_endpoint *endpoint = open_chat();
  epk_call *call = start_chat(endpoint, "hello");
  const epk_event *event = NULL;
  epk_reply *reply = NULL;
  epk_request *request = NULL;
  CHECK(next_of_kind(call, EPK_EVENT_FINISHED, &event) == EPK_EVENT);
  CHECK(epk_call_reply(call, &reply, NULL) == EPK_OK);
  CHECK_TEXT(epk_reply_finish_reason(reply), "stop");
  CHECK(strstr(epk_reply_json(reply, NULL), "\"assistant\"") != NULL);
  CHECK(epk_request_from_message("hello", Z, &request, NULL) == EPK_OK);
  CHECK(epk_request_add_reply(request, reply, NULL) == EPK_OK);
  epk_reply_free(reply);
  CHECK(epk_request_add_message(request, "user", "count", Z, NULL) == EPK_OK);
  CHECK(epk_chat(endpoint, request, NULL, &reply, NULL) == EPK_OK);
  CHECK_TEXT(epk_reply_text(reply, NULL), "3 messages"); /* the model saw all of them */
  epk_reply_free(reply);
  epk_request_free(request);
  epk_call_free(call);
  epk_endpoint_free(endpoint);
}

static void tells_of_tool_calls_as_json(void) {
  epk_endpoint *endpoint = open_chat();
  epk_call *call = start_chat(endpoint, "tool");
  const epk_event *event = NULL;
  CHECK(next_of_kind(call, EPK_EVENT_TOOL_CALL, &event) == EPK_EVENT);
  CHECK(strstr(epk_event_json(event, NULL), "\"get_weather\"") != NULL);
  CHECK_TEXT(epk_event_text(event, NULL), "");
  CHECK(next_of_kind(call, EPK_EVENT_TOOL_ARGUMENTS, &event) == EPK_EVENT);
  CHECK_TEXT(epk_event_text(event, NULL), "{\"city\":\"Bern\"}");
  epk_call_free(call);
  epk_endpoint_free(endpoint);
}

static void says_that_a_cut_stream_was_cut_however_often_one_asks(void) {
  epk_endpoint *endpoint = open_chat();
  epk_call *call = start_chat(endpoint, "cut");
  const epk_event *event = NULL;
  int time;
  CHECK(next_of_kind(call, EPK_EVENT_TEXT, &event) == EPK_EVENT);
  CHECK(next_of_kind(call, EPK_EVENT_FINISHED, &event) == EPK_TRUNCATED);
  for (time = 0; time < 2; ++time) {
    epk_error *error = NULL;
    CHECK(epk_call_next(call, -1, &event, &error) == EPK_TRUNCATED);
    CHECK(event == NULL);
    CHECK_TEXT(epk_error_code_name(error), "truncated");
    CHECK(epk_error_output_delivered(error) == 1);
    epk_error_free(error);
  }
  epk_call_free(call);
  epk_endpoint_free(endpoint);
}

static void hands_on_what_the_provider_said_of_a_failure(void) {
  epk_endpoint *endpoint = open_chat();
  epk_request *request = NULL;
  epk_reply *reply = NULL;
  epk_error *error = NULL;
  CHECK(epk_request_from_message("limit", Z, &request, NULL) == EPK_OK);
  CHECK(epk_chat(endpoint, request, NULL, &reply, &error) == EPK_RATE_LIMIT);
  CHECK(reply == NULL);
  CHECK(epk_error_http_status(error) == 429);
  CHECK(epk_error_retryable(error) == 1);
  CHECK(epk_error_retry_after_ms(error) == 7000);
  CHECK(epk_error_output_delivered(error) == 0);
  CHECK(strstr(epk_error_json(error, NULL), "\"rate_limit\"") != NULL);
  epk_error_free(error);
  epk_request_free(request);
  epk_endpoint_free(endpoint);
}

static void gives_again_when_nothing_came_in_time(void) {
  epk_endpoint *endpoint = open_chat();
  epk_call *call = start_chat(endpoint, "hang");
  const epk_event *event = NULL;
  CHECK(next_of_kind(call, EPK_EVENT_TEXT, &event) == EPK_EVENT);
  CHECK(epk_call_next(call, 0, &event, NULL) == EPK_AGAIN);
  CHECK(event == NULL);
  CHECK(epk_call_next(call, 5, &event, NULL) == EPK_AGAIN);
  epk_call_free(call); /* in the middle: closes the connection */
  epk_endpoint_free(endpoint);
}

static void *cancel_it(void *call) {
  epk_call_cancel((epk_call *)call);
  return NULL;
}

static void cancels_from_another_thread(void) {
  epk_endpoint *endpoint = open_chat();
  epk_call *call = start_chat(endpoint, "hang");
  const epk_event *event = NULL;
  epk_error *error = NULL;
  pthread_t thread;
  CHECK(next_of_kind(call, EPK_EVENT_TEXT, &event) == EPK_EVENT);
  CHECK(pthread_create(&thread, NULL, cancel_it, call) == 0);
  CHECK(epk_call_next(call, -1, &event, &error) == EPK_CANCELLED);
  CHECK(epk_error_output_delivered(error) == 1);
  epk_error_free(error);
  pthread_join(thread, NULL);
  epk_call_free(call);
  epk_endpoint_free(endpoint);
}

static void lets_a_call_change_one_timer(void) {
  const char *pairs[] = {"timeout.idle_ms", "20", NULL};
  epk_options *options = make_options(pairs);
  epk_endpoint *endpoint = open_chat();
  epk_request *request = NULL;
  epk_call *call = NULL;
  const epk_event *event = NULL;
  epk_error *error = NULL;
  epk_status status;
  CHECK(epk_request_from_message("hang", Z, &request, NULL) == EPK_OK);
  CHECK(epk_chat_start(endpoint, request, options, &call, NULL) == EPK_OK);
  do {
    epk_error_free(error);
    status = epk_call_next(call, -1, &event, &error);
  } while (status == EPK_EVENT);
  CHECK(status == EPK_TIMEOUT);
  CHECK_TEXT(epk_error_phase_name(error), "idle");
  epk_error_free(error);
  epk_call_free(call);
  epk_request_free(request);
  epk_endpoint_free(endpoint);
  epk_options_free(options);
}

/* ---- Raw bytes ------------------------------------------------------------------------------- */

static const char bytes_sent[] = "\0\xff{\"not\": utf-8}\r\n";

static void sends_and_gives_bytes_as_they_are(void) {
  const char *pairs[] = {"invoke.content_type", "application/x-tensor", "header.X-Trace", "abc",
                         NULL};
  epk_options *options = make_options(pairs);
  epk_endpoint *endpoint = open_score();
  epk_reply *reply = NULL;
  size_t length = 0;
  CHECK(epk_invoke(endpoint, bytes_sent, sizeof bytes_sent, options, &reply, NULL) == EPK_OK);
  CHECK(memcmp(epk_reply_text(reply, &length), bytes_sent, sizeof bytes_sent) == 0);
  CHECK(length == sizeof bytes_sent);
  CHECK(strstr(epk_reply_json(reply, NULL), "\"application/x-tensor\"") != NULL);
  CHECK(strstr(epk_reply_json(reply, NULL), "\"trace=abc\"") != NULL);
  epk_reply_free(reply);
  epk_endpoint_free(endpoint);
  epk_options_free(options);
}

static void streams_bytes(void) {
  epk_endpoint *endpoint = open_score();
  epk_call *call = NULL;
  const epk_event *event = NULL;
  epk_reply *reply = NULL;
  char got[sizeof bytes_sent];
  size_t size = 0;
  epk_status status;
  CHECK(epk_invoke_start(endpoint, bytes_sent, sizeof bytes_sent, NULL, &call, NULL) == EPK_OK);
  while ((status = epk_call_next(call, -1, &event, NULL)) == EPK_EVENT) {
    size_t length = 0;
    const char *bytes = epk_event_text(event, &length);
    CHECK(epk_event_kind(event) == EPK_EVENT_BYTES);
    CHECK(strstr(epk_event_json(event, NULL), "\"bytes\"") != NULL);
    CHECK(size + length <= sizeof got);
    if (size + length <= sizeof got) memcpy(got + size, bytes, length);
    size += length;
  }
  CHECK(status == EPK_END);
  CHECK(size == sizeof got && memcmp(got, bytes_sent, size) == 0);
  CHECK_TEXT(epk_call_content_type(call, NULL), "application/json");
  CHECK(epk_call_reply(call, &reply, NULL) == EPK_INVALID_REQUEST);
  epk_call_free(call);
  epk_endpoint_free(endpoint);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s BASE_URL\n", argv[0]);
    return 2;
  }
  base_url = argv[1];
  names_its_version_and_features();
  refuses_unknown_options_by_listing_the_known();
  refuses_values_that_do_not_fit();
  refuses_options_that_a_function_does_not_take();
  refuses_two_kinds_of_credentials();
  opens_by_options_alone_on_a_shared_client();
  explains_what_cannot_be_opened();
  takes_null_for_an_error_and_not_for_a_crash();
  names_the_member_of_a_request_that_is_wrong();
  streams_text_and_says_how_it_ended();
  keeps_the_reply_of_a_stream_to_go_on_with();
  tells_of_tool_calls_as_json();
  says_that_a_cut_stream_was_cut_however_often_one_asks();
  hands_on_what_the_provider_said_of_a_failure();
  gives_again_when_nothing_came_in_time();
  cancels_from_another_thread();
  lets_a_call_change_one_timer();
  sends_and_gives_bytes_as_they_are();
  streams_bytes();
  if (failures != 0) fprintf(stderr, "%d checks failed\n", failures);
  return failures == 0 ? 0 : 1;
}
