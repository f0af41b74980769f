/* Many streamed answers on one thread, for event loops and bindings: a part of the C API.
 *
 * Calls are added and cancelled from any thread; one thread at a time takes their events:
 *
 *     while (epk_queue_size(queue) > 0) {
 *       status = epk_queue_next(queue, -1, &call, &event, &error);
 *       if (status == EPK_EVENT) ...    // of `call`
 *       if (status == EPK_END) ...      // `call` is whole and over
 *       if (status < 0) ...             // `call` failed; the queue goes on
 *     }
 *
 * Inside an event loop: wait until epk_queue_fd is readable or epk_queue_wait_ms have passed, then
 * take events with a timeout of 0 until EPK_AGAIN. Endpoints must have been opened on `client`. */
#ifndef ENDPOINTKIT_ENDPOINTKIT_QUEUE_H_
#define ENDPOINTKIT_ENDPOINTKIT_QUEUE_H_

#include "endpointkit/endpointkit.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epk_queue epk_queue;

EPK_API epk_status epk_queue_new(const epk_client *client, epk_queue **queue, epk_error **error);
/* Cancels what still runs. */
EPK_API void epk_queue_free(epk_queue *queue);
/* Adds a call; nothing is sent before the next epk_queue_next. `*call` is its number in the queue,
 * never 0. Optional: options, of a call. Errors: EPK_INVALID_REQUEST; all else comes as an event.
 */
EPK_API epk_status epk_queue_chat(epk_queue *queue, const epk_endpoint *endpoint,
                                  const epk_request *request, const epk_options *options,
                                  uint64_t *call, epk_error **error);
/* The same for raw bytes. Optional: options, of an invoke call. */
EPK_API epk_status epk_queue_invoke(epk_queue *queue, const epk_endpoint *endpoint,
                                    const void *body, size_t length, const epk_options *options,
                                    uint64_t *call, epk_error **error);
/* Works, and waits at most timeout_ms for an event of any call; less than 0 waits for ever, 0 only
 * looks. Gives EPK_EVENT with *event, which lives until the next epk_queue_next; EPK_END or an
 * error, once for each call and as its last; EPK_AGAIN if nothing came or epk_queue_wake was
 * called. *call is 0 with EPK_AGAIN and where an argument is wrong. */
EPK_API epk_status epk_queue_next(epk_queue *queue, int64_t timeout_ms, uint64_t *call,
                                  const epk_event **event, epk_error **error);
/* `call` will end with EPK_CANCELLED; nothing happens if it is over. Any thread. */
EPK_API void epk_queue_cancel(epk_queue *queue, uint64_t call);
/* From the next epk_queue_next on, the events of `call` wait until epk_queue_resume or
 * epk_queue_cancel, and when its buffer is full its sender does: for bindings that hand events on
 * to readers of their own. No timer runs while an event waits. Any thread. */
EPK_API void epk_queue_pause(epk_queue *queue, uint64_t call);
EPK_API void epk_queue_resume(epk_queue *queue, uint64_t call);
/* Makes an epk_queue_next that waits, or the following one, return EPK_AGAIN. Any thread. */
EPK_API void epk_queue_wake(epk_queue *queue);
/* Calls whose EPK_END or error was not taken yet. Any thread. */
EPK_API size_t epk_queue_size(const epk_queue *queue);
/* Readable when epk_queue_next has something to do; owned by the queue. -1 where there is none. */
EPK_API int epk_queue_fd(const epk_queue *queue);
/* After how many milliseconds epk_queue_next has something to do at the latest; -1 for never. */
EPK_API int64_t epk_queue_wait_ms(const epk_queue *queue);

#ifdef __cplusplus
}
#endif

#endif /* ENDPOINTKIT_ENDPOINTKIT_QUEUE_H_ */
