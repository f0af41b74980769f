/* What endpointkit_queue.h promises, from plain C, against the small model of fake_model.py:
 *
 *     queue_test BASE_URL */
#define _POSIX_C_SOURCE 200809L
#include <poll.h>

#include "calls.h"

static epk_client *new_client(void) {
  epk_client *client = NULL;
  CHECK(epk_client_new(NULL, &client, NULL) == EPK_OK);
  return client;
}

static uint64_t add_chat(epk_queue *queue, const epk_endpoint *endpoint, const char *message) {
  epk_request *request = NULL;
  uint64_t call = 0;
  CHECK(epk_request_from_message(message, Z, &request, NULL) == EPK_OK);
  CHECK(epk_queue_chat(queue, endpoint, request, NULL, &call, NULL) == EPK_OK);
  CHECK(call != 0);
  epk_request_free(request);
  return call;
}

static void queues_give_each_call_its_events_and_one_end(void) {
  epk_client *client = new_client();
  epk_endpoint *chat = open_on(client, CHAT);
  epk_endpoint *score = open_on(client, SCORE);
  epk_queue *queue = NULL;
  const epk_event *event = NULL;
  uint64_t whole, cut, bytes = 0, call = 0;
  int whole_ends = 0, cut_ends = 0, byte_ends = 0, finished = 0;
  char text[64] = "";
  size_t size = 0;
  CHECK(epk_queue_new(client, &queue, NULL) == EPK_OK);
  whole = add_chat(queue, chat, "hello");
  cut = add_chat(queue, chat, "cut");
  CHECK(epk_queue_invoke(queue, score, bytes_sent, sizeof bytes_sent, NULL, &bytes, NULL) ==
        EPK_OK);
  CHECK(epk_queue_size(queue) == 3);
  while (epk_queue_size(queue) > 0) {
    const epk_status status = epk_queue_next(queue, -1, &call, &event, NULL);
    if (status == EPK_EVENT && call == whole) {
      finished |= epk_event_kind(event) == EPK_EVENT_FINISHED;
      if (epk_event_kind(event) == EPK_EVENT_TEXT) strncat(text, epk_event_text(event, NULL), 32);
    } else if (status == EPK_EVENT && call == bytes) {
      size_t length = 0;
      (void)epk_event_text(event, &length);
      size += length;
    } else if (status == EPK_END) {
      CHECK(call == whole || call == bytes);
      ++*(call == whole ? &whole_ends : &byte_ends);
    } else if (status < 0) {
      CHECK(status == EPK_TRUNCATED && call == cut);
      ++cut_ends;
    }
  }
  CHECK(whole_ends == 1 && cut_ends == 1 && byte_ends == 1 && finished);
  CHECK_TEXT(text, "Gr\xc3\xbc\xc3\x9f Gott!");
  CHECK(size == sizeof bytes_sent);
  CHECK(epk_queue_size(queue) == 0);
  CHECK(epk_queue_next(queue, 0, &call, &event, NULL) == EPK_AGAIN);
  CHECK(call == 0);
  epk_queue_free(queue);
  epk_endpoint_free(chat);
  epk_endpoint_free(score);
  epk_client_free(client);
}

static void queues_fit_into_an_event_loop(void) {
  epk_client *client = new_client();
  epk_endpoint *endpoint = open_on(client, CHAT);
  epk_queue *queue = NULL;
  const epk_event *event = NULL;
  uint64_t call = 0;
  epk_status status = EPK_AGAIN;
  CHECK(epk_queue_new(client, &queue, NULL) == EPK_OK);
  CHECK(epk_queue_wait_ms(queue) == -1);
  add_chat(queue, endpoint, "hello");
  do {
    struct pollfd entry = {epk_queue_fd(queue), POLLIN, 0};
    const int64_t wait_ms = epk_queue_wait_ms(queue);
    CHECK(poll(&entry, 1, wait_ms < 0 || wait_ms > 20000 ? 20000 : (int)wait_ms) >= 0);
    while ((status = epk_queue_next(queue, 0, &call, &event, NULL)) == EPK_EVENT) continue;
  } while (status == EPK_AGAIN);
  CHECK(status == EPK_END);
  epk_queue_free(queue);
  epk_endpoint_free(endpoint);
  epk_client_free(client);
}

static void queues_are_cancelled_and_woken(void) {
  epk_client *client = new_client();
  epk_endpoint *endpoint = open_on(client, CHAT);
  epk_queue *queue = NULL;
  const epk_event *event = NULL;
  uint64_t stuck, call = 0;
  CHECK(epk_queue_new(client, &queue, NULL) == EPK_OK);
  stuck = add_chat(queue, endpoint, "hang");
  do {
    CHECK(epk_queue_next(queue, -1, &call, &event, NULL) == EPK_EVENT);
  } while (epk_event_kind(event) != EPK_EVENT_TEXT);
  epk_queue_wake(queue);
  CHECK(epk_queue_next(queue, -1, &call, &event, NULL) == EPK_AGAIN);
  epk_queue_pause(queue, stuck);
  CHECK(epk_queue_next(queue, 0, &call, &event, NULL) == EPK_AGAIN);
  CHECK(epk_queue_size(queue) == 1);
  epk_queue_cancel(queue, stuck);
  CHECK(epk_queue_next(queue, -1, &call, &event, NULL) == EPK_CANCELLED);
  CHECK(call == stuck);
  add_chat(queue, endpoint, "hang"); /* freed with a call that runs */
  CHECK(epk_queue_next(queue, -1, &call, &event, NULL) == EPK_EVENT);
  epk_queue_free(queue);
  epk_endpoint_free(endpoint);
  epk_client_free(client);
}

static void queues_refuse_the_endpoint_of_another_client(void) {
  epk_client *client = new_client();
  epk_endpoint *endpoint = open_on(NULL, CHAT);
  epk_queue *queue = NULL;
  epk_request *request = NULL;
  epk_error *error = NULL;
  uint64_t call = 0;
  CHECK(epk_queue_new(client, &queue, NULL) == EPK_OK);
  CHECK(epk_request_from_message("hello", Z, &request, NULL) == EPK_OK);
  CHECK(epk_queue_chat(queue, endpoint, request, NULL, &call, &error) == EPK_INVALID_REQUEST);
  CHECK(strstr(epk_error_message(error, NULL), "another client") != NULL);
  epk_error_free(error);
  epk_request_free(request);
  epk_queue_free(queue);
  epk_endpoint_free(endpoint);
  epk_client_free(client);
}

static void queues_write_every_out_parameter(void) {
  epk_client *client = new_client();
  epk_endpoint *endpoint = open_on(NULL, CHAT); /* of another client */
  epk_queue *queue = NULL;
  epk_request *request = NULL;
  const epk_event *const stale = (const epk_event *)&failures;
  const epk_event *event = stale;
  uint64_t call = 77;
  CHECK(epk_queue_new(client, &queue, NULL) == EPK_OK);
  CHECK(epk_request_from_message("hello", Z, &request, NULL) == EPK_OK);
  CHECK(epk_queue_chat(queue, endpoint, request, NULL, &call, NULL) == EPK_INVALID_REQUEST);
  CHECK(call == 0);
  call = 77;
  CHECK(epk_queue_invoke(NULL, endpoint, NULL, 0, NULL, &call, NULL) == EPK_INVALID_REQUEST);
  CHECK(call == 0);
  call = 77;
  CHECK(epk_queue_next(queue, 0, &call, NULL, NULL) == EPK_INVALID_REQUEST);
  CHECK(call == 0);
  CHECK(epk_queue_next(queue, 0, NULL, &event, NULL) == EPK_INVALID_REQUEST);
  CHECK(event == NULL);
  event = stale;
  CHECK(epk_queue_next(NULL, 0, &call, &event, NULL) == EPK_INVALID_REQUEST);
  CHECK(event == NULL);
  CHECK(epk_queue_size(queue) == 0);
  epk_request_free(request);
  epk_queue_free(queue);
  epk_endpoint_free(endpoint);
  epk_client_free(client);
}

int main(int argc, char **argv) {
  if (!take_arguments(argc, argv)) return 2;
  queues_give_each_call_its_events_and_one_end();
  queues_fit_into_an_event_loop();
  queues_are_cancelled_and_woken();
  queues_refuse_the_endpoint_of_another_client();
  queues_write_every_out_parameter();
  return report();
}
