/* What endpointkit.h promises of calls, from plain C, against the small model of fake_model.py:
 *
 *     calls_test BASE_URL */
#define _POSIX_C_SOURCE 200809L
#include "calls.h"

#include <pthread.h>
#include <sched.h>

static epk_endpoint *open_chat(void) { return open_on(NULL, CHAT); }
static epk_endpoint *open_score(void) { return open_on(NULL, SCORE); }

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

static void answers_a_tool_call(void) {
  epk_endpoint *endpoint = open_chat();
  epk_call *call = start_chat(endpoint, "tool");
  const epk_event *event = NULL;
  epk_request *request = NULL;
  epk_reply *reply = NULL;
  CHECK(next_of_kind(call, EPK_EVENT_FINISHED, &event) == EPK_EVENT);
  CHECK(epk_call_reply(call, &reply, NULL) == EPK_OK);
  CHECK(epk_request_from_message("tool", Z, &request, NULL) == EPK_OK);
  CHECK(epk_request_add_reply(request, reply, NULL) == EPK_OK);
  epk_reply_free(reply);
  CHECK(epk_request_add_tool_result(request, "call_1", NULL, "21 degrees", Z, 0, NULL) == EPK_OK);
  CHECK(epk_chat(endpoint, request, NULL, &reply, NULL) == EPK_OK);
  CHECK_TEXT(epk_reply_text(reply, NULL), "get_weather call_1: 21 degrees");
  epk_reply_free(reply);
  epk_request_free(request);
  epk_call_free(call);
  epk_endpoint_free(endpoint);
}

/* Gemini wants the tool's name, and gives its calls no ids. */
static void names_the_tool_and_its_failure(void) {
  epk_endpoint *endpoint = open_on(NULL, "azureml://model.test/gemini?dialect=gemini");
  epk_request *request = NULL;
  epk_reply *reply = NULL;
  CHECK(epk_request_from_message("hello", Z, &request, NULL) == EPK_OK);
  CHECK(epk_chat(endpoint, request, NULL, &reply, NULL) == EPK_OK);
  CHECK(epk_request_add_reply(request, reply, NULL) == EPK_OK);
  epk_reply_free(reply);
  CHECK(epk_request_add_tool_result(request, "", "f", "no city", Z, 1, NULL) == EPK_OK);
  CHECK(epk_chat(endpoint, request, NULL, &reply, NULL) == EPK_OK);
  CHECK_TEXT(epk_reply_text(reply, NULL), "f: {\"error\": \"no city\"}");
  epk_reply_free(reply);
  epk_request_free(request);
  epk_endpoint_free(endpoint);
}

static void sends_the_signature_of_a_reply_back(void) {
  epk_endpoint *endpoint = open_on(NULL, "azureml://model.test/gemini?dialect=gemini");
  epk_request *request = NULL;
  epk_reply *reply = NULL;
  CHECK(epk_request_from_message("hello", Z, &request, NULL) == EPK_OK);
  CHECK(epk_chat(endpoint, request, NULL, &reply, NULL) == EPK_OK);
  CHECK_TEXT(epk_reply_finish_reason(reply), "tool_calls");
  CHECK(epk_request_add_reply(request, reply, NULL) == EPK_OK);
  epk_reply_free(reply);
  CHECK(epk_request_add_message(request, "user", "go on", Z, NULL) == EPK_OK);
  CHECK(epk_chat(endpoint, request, NULL, &reply, NULL) == EPK_OK);
  CHECK_TEXT(epk_reply_text(reply, NULL), "c2ln+/8=");
  epk_reply_free(reply);
  epk_request_free(request);
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
  CHECK(strstr(epk_error_message(error, NULL), "slower,\nplease") != NULL);
  CHECK(strstr(epk_error_json(error, NULL), "\"rate_limit\"") != NULL);
  epk_error_free(error);
  epk_request_free(request);
  epk_endpoint_free(endpoint);
}

static void names_the_request_of_a_call_that_failed_at_once(void) {
  epk_endpoint *endpoint = open_chat();
  epk_call *call = start_chat(endpoint, "limit");
  const epk_event *event = NULL;
  epk_error *error = NULL;
  CHECK(epk_call_next(call, -1, &event, &error) == EPK_RATE_LIMIT);
  CHECK_TEXT(epk_error_request_id(error, NULL), "r-7");
  CHECK_TEXT(epk_call_request_id(call, NULL), "r-7");
  epk_error_free(error);
  epk_call_free(call);
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

/* Of the main thread, by the kernel's word. */
static int is_asleep(void) {
  char state = 0;
  FILE *file = fopen("/proc/self/stat", "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = 0;
  fclose(file);
  return state == 'S';
}

static int about_to_wait = 0;

static void *cancel_once_it_waits(void *call) {
  while (!__atomic_load_n(&about_to_wait, __ATOMIC_ACQUIRE) || !is_asleep()) sched_yield();
  epk_call_cancel((epk_call *)call);
  return NULL;
}

static void cancels_from_another_thread_what_waits(void) {
  epk_endpoint *endpoint = open_chat();
  epk_call *call = start_chat(endpoint, "hang");
  const epk_event *event = NULL;
  epk_error *error = NULL;
  pthread_t thread;
  CHECK(next_of_kind(call, EPK_EVENT_TEXT, &event) == EPK_EVENT);
  CHECK(pthread_create(&thread, NULL, cancel_once_it_waits, call) == 0);
  __atomic_store_n(&about_to_wait, 1, __ATOMIC_RELEASE);
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
  if (!take_arguments(argc, argv)) return 2;
  streams_text_and_says_how_it_ended();
  keeps_the_reply_of_a_stream_to_go_on_with();
  tells_of_tool_calls_as_json();
  answers_a_tool_call();
  names_the_tool_and_its_failure();
  sends_the_signature_of_a_reply_back();
  says_that_a_cut_stream_was_cut_however_often_one_asks();
  hands_on_what_the_provider_said_of_a_failure();
  names_the_request_of_a_call_that_failed_at_once();
  gives_again_when_nothing_came_in_time();
  cancels_from_another_thread_what_waits();
  lets_a_call_change_one_timer();
  sends_and_gives_bytes_as_they_are();
  streams_bytes();
  return report();
}
