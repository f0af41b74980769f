/* EndpointKit for C, and through it for every language that can call C: one hosted model on
 * whichever cloud; open it, chat with it, stream, or send raw bytes. The C++ API is in
 * endpointkit.hpp. This program stands in full in samples/chat.c:
 *
 *     epk_endpoint *endpoint = NULL; epk_request *request = NULL; epk_call *call = NULL;
 *     const epk_event *event = NULL; epk_error *error = NULL;
 *     epk_status status =
 *         epk_endpoint_open(NULL, uri, EPK_ZERO_TERMINATED, NULL, &endpoint, &error);
 *     if (status == EPK_OK) status = epk_request_from_message("Hello!", 6, &request, &error);
 *     if (status == EPK_OK) status = epk_chat_start(endpoint, request, NULL, &call, &error);
 *     while (status >= 0 && (status = epk_call_next(call, -1, &event, &error)) == EPK_EVENT) {
 *       if (epk_event_kind(event) == EPK_EVENT_TEXT) fputs(epk_event_text(event, NULL), stdout);
 *     }
 *     if (status < 0) fprintf(stderr, "%s\n", epk_error_message(error, NULL));
 *
 * Conventions, said once and kept by every function:
 *
 *  1. Every type is opaque. What a function gives through a pointer to a handle (`epk_call
 *     **call`) is the caller's, to be released with the epk_<type>_free of its type; what it gives
 *     as a pointer to const (`const epk_event **event`, `const char *`) is borrowed from the
 *     handle it was asked of and lives until that handle is freed, or for events until the call is
 *     advanced. epk_<type>_free(NULL) does nothing and no free function fails.
 *  2. A function that can fail returns epk_status: 0 or more is success, less than 0 an error. Its
 *     last parameter `error` receives the details; it may be NULL if they are not wanted. The
 *     error belongs to the caller. There is no "last error" of a thread, so calls may hop between
 *     threads.
 *  3. Out parameters are always written: with NULL or 0 where there is nothing to give (after a
 *     failure; *error after a success). So `epk_error_free(error)` is right after every call.
 *  4. Text is UTF-8 and goes in as pointer and length in bytes; EPK_ZERO_TERMINATED as length says
 *     that it ends at its NUL. It comes out as a pointer that is never NULL, with its length in
 *     *length (which may be NULL) and a NUL behind it; bodies and bytes may hold further NULs.
 *     Names from this page (keys, roles, features) are plain NUL-terminated strings.
 *  5. Arguments need only live for the call. Only parameters said to be optional may be NULL, and a
 *     text or body of length 0; any other gives EPK_INVALID_REQUEST, or from a getter 0 or "".
 *  6. Threads: clients and endpoints may be used from all threads at once. Requests and options
 *     may be read by many threads while nobody changes them. A call belongs to one thread at a
 *     time, except epk_call_cancel, which any thread may call. Everything runs on the calling
 *     thread, but one thing: a token that must be fetched while a queue, or a call with a
 *     timeout, goes on is fetched by a thread that is started then and ends with the call or the
 *     queue. There is no global initialisation and no shutdown.
 *  7. Order of freeing does not matter: an endpoint keeps its client alive and a call its
 *     endpoint.
 *  8. Truth values are int, 0 or 1. Durations are milliseconds, their names end in _ms.
 *  9. The ABI grows only by adding functions, keys, event kinds and JSON members: treat an unknown
 *     event kind or member as one to pass over. Numbers never change their meaning.
 * 10. Processes: SIGPIPE is never delivered for the library's sockets, and no handler is touched.
 *     After fork a child may exec, _exit, or make a client of its own; it must neither use nor free
 *     handles that it inherited. The parent's calls do not notice. If other threads were inside the
 *     library at that moment, the child may exec or _exit only. The library may be loaded with
 *     dlopen, and closed once every handle is freed, as often as one likes.
 */
#ifndef ENDPOINTKIT_ENDPOINTKIT_H_
#define ENDPOINTKIT_ENDPOINTKIT_H_

#include <stddef.h>
#include <stdint.h>

#if defined(EK_STATIC)
#define EPK_API
#elif defined(_WIN32)
#if defined(EK_BUILDING)
#define EPK_API __declspec(dllexport)
#else
#define EPK_API __declspec(dllimport)
#endif
#else
#define EPK_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define EPK_ZERO_TERMINATED SIZE_MAX /* Length of a text that ends at its NUL. */

typedef struct epk_options epk_options;   /* Settings by key and text. */
typedef struct epk_client epk_client;     /* What endpoints share: connections, tokens. */
typedef struct epk_endpoint epk_endpoint; /* One hosted model. */
typedef struct epk_request epk_request;   /* A conversation to be answered. */
typedef struct epk_reply epk_reply;       /* A whole answer, or as much of it as came. */
typedef struct epk_call epk_call;         /* A streamed answer on its way. */
typedef struct epk_event epk_event;       /* One piece of a streamed answer. */
typedef struct epk_text epk_text;         /* A text that a function made. */
typedef struct epk_error epk_error;       /* Why a function failed. */

/* ---- Status ---------------------------------------------------------------------------------- */

typedef int32_t epk_status;
enum {
  EPK_OK = 0,
  EPK_EVENT = 1, /* epk_call_next: *event is the next event. */
  EPK_AGAIN = 2, /* epk_call_next: nothing came within the timeout; ask again. */
  EPK_END = 3,   /* epk_call_next: the answer is whole and over. */

  EPK_INVALID_REQUEST = -1, /* The request is wrong as it stands: change it. */
  EPK_AUTHENTICATION = -2,  /* No identity was found, or the provider does not believe it. */
  EPK_PERMISSION = -3,      /* The identity is known and may not do this. */
  EPK_NOT_FOUND = -4,       /* No such endpoint, model, deployment or route. */
  EPK_RATE_LIMIT = -5,      /* Too much at once; not retryable if it is a used-up quota. */
  EPK_UNAVAILABLE = -6,     /* Overloaded, scaling up or loading: later it works. */
  EPK_TIMEOUT = -7,         /* A timer ran out; the phase names it. */
  EPK_CONTENT_FILTER = -8,  /* The provider refused the prompt or the answer. */
  EPK_CONTEXT_LENGTH = -9,  /* Prompt plus answer do not fit the model: shorten. */
  EPK_MODEL_ERROR = -10,    /* The model's container failed; its logs know more. */
  EPK_SERVER_ERROR = -11,   /* The provider failed, or broke its own protocol. */
  EPK_TRANSPORT = -12,      /* DNS, connection or TLS failed, or the peer hung up. */
  EPK_TRUNCATED = -13,      /* The stream was cut: what was delivered is not the whole answer. */
  EPK_CANCELLED = -14,      /* epk_call_cancel was called. */
  EPK_OUT_OF_MEMORY = -100, /* *error may stay NULL; its getters accept that. */
  EPK_INTERNAL_ERROR = -101 /* A bug of this library; the message is worth a report. */
};

/* ---- The library ----------------------------------------------------------------------------- */

/* "MAJOR.MINOR.PATCH" of the library that is loaded, which may be newer than this header. */
EPK_API const char *epk_version(void);

/* 1 if the library has the feature: "scheme.<uri scheme>" for a cloud, "dialect.<name>" for a
 * model family, "chat.stream", "invoke.stream". 0 for every other name, NULL included. */
EPK_API int epk_has_feature(const char *name);

/* ---- Options --------------------------------------------------------------------------------- */

/* Settings for the functions below that take `const epk_options *`; NULL there means the defaults.
 *
 *   key                             value                                          taken by
 *   timeout.connect_ms              DNS, TCP, proxy, TLS of one attempt: 10000     all
 *   timeout.first_event_ms          until the first piece; streams only: 120000    all
 *   timeout.idle_ms                 the longest silence of a begun answer: 90000   all
 *   timeout.total_ms                the call with all its attempts: 900000         all
 *   timeout.min_bytes_per_second    less of the answer in 10 s ends the call: 0    all
 *   retry.max_attempts              in total; 1 never retries: 3                   all
 *   retry.max_backoff_ms            the longest wait between attempts: 20000       all
 *   retry.retry_paid                true: retry also what may be billed twice      all
 *   retry.mode                      standard, or adaptive: once throttled, calls   all
 *                                   go out only as fast as the endpoint takes them
 *   client.ca_file                  PEM bundle instead of the system's             client
 *   client.proxy                    http, https, socks5, socks5h://HOST:PORT;      client
 *                                   "": none. Unset: HTTPS_PROXY and its like
 *   client.proxy_user               and .proxy_password                            client
 *   client.no_proxy                 "example.com,10.0.0.0/8". Unset: NO_PROXY      client
 *   client.certificate_file         PEM, shown to servers that ask for it; the     client
 *                                   key in it or in .certificate_key_file; or
 *                                   both in .certificate_pem, as text; and
 *                                   .certificate_key_password
 *   client.pinned_keys              [HOST=]sha256//BASE64,...                      client
 *   client.routes                   HOST:PORT:TO[:PORT],... private endpoints      client
 *   client.keep_alive_s             probes on quiet connections, 0 for none: 60    client
 *   client.max_idle_s               unused connections are closed after: 55        client
 *   client.max_age_s                connections take requests for; 0, ever: 0      client
 *   client.max_buffered_bytes       all answers not yet asked for: 67108864        client
 *   client.http_version             auto (default), 1.1 or 2                       client
 *   client.user_agent_suffix        appended to "endpointkit/VERSION"              client
 *   uri                             the URI, if it is not given apart              endpoint
 *   dialect, base_url, ...          any key without a dot: as in the URI's query,  endpoint
 *                                   where timeout.*, retry.*, cancel.* may stand too
 *   credentials.*                   who is calling; see the next table              endpoint
 *   header.<Name>                   an HTTP header to send as well                 call
 *   cancel.mode                     abort, at once (default), or drain: read on    all
 *                                   for the usage, for half a minute at most
 *   invoke.content_type             of the body: application/json                  invoke call
 *   invoke.accept                   wanted type of the answer                      invoke call
 *
 * Who is calling, all taken by endpoints; the first key of each line tells which identity it is:
 *
 *   credentials.bearer                  a key or token, sent as it is
 *   credentials.aws.access_key_id       with .secret_access_key and, if temporary, .session_token
 *   credentials.aws.profile             of ~/.aws/config: keys, roles, single sign-on, a process, a
 *                                       web identity ...; .mfa_code for a role that wants one
 *   credentials.google.key_json         text of a service account's key file; .proof is jwt_grant
 *                                       (default) or self_signed
 *   credentials.google.file_json        text of any credential file: federation, impersonation, a
 *                                       person; .file_type says which is expected: service_account,
 *                                       authorized_user, external_account,
 *                                       external_account_authorized_user,
 *                                       impersonated_service_account, or any, for your own files
 *   credentials.google.id_token_audience    id tokens for it, of the two above or the environment's
 *   credentials.azure.client_secret     an application; with .tenant_id, .client_id
 *   credentials.azure.certificate       the same with a certificate: PEM text or bytes of a PFX;
 *                                       or .certificate_file; .certificate_password, .send_chain,
 *                                       .rs256
 *   credentials.azure.assertion         the same with a token of another issuer, sent as it is
 *   credentials.azure.source            workload: .token_file, .tenant_id, .client_id;
 *                                       managed: .client_id, .object_id or .resource_id;
 *                                       cli, developer_cli, power_shell: .tenant_id, .subscription,
 *                                       .timeout_ms; default: the chain of all of them
 *   credentials.azure.endpoint.name     the key of an online endpoint, fetched for one of the above
 *                                       (else the default chain); with .endpoint.subscription_id,
 *                                       .resource_group, .workspace; .auth is key (default) or
 *                                       token; .resource_manager
 *
 * .authority_host goes with every application; without it a client secret is shown to the public
 * cloud, the others to the cloud that the endpoint is in.
 *
 * A timer of 0 is off. What a call does not set comes from its endpoint, then from the client,
 * then from the table. Without credentials.* the first call looks at the standard places of the
 * endpoint's cloud. A key that a function does not take is an error: no setting is lost in
 * silence. */
EPK_API epk_status epk_options_new(epk_options **options, epk_error **error);
EPK_API void epk_options_free(epk_options *options);

/* Sets `key`; a second time replaces the first. The value is copied, and wiped with the options
 * where it is a secret. Errors: EPK_INVALID_REQUEST for a dotted key that is not in the table (the
 * message lists them) or a value that is no number, name or truth value where one is wanted. */
EPK_API epk_status epk_options_set(epk_options *options, const char *key, const char *value,
                                   size_t value_length, epk_error **error);

/* ---- Client and endpoint --------------------------------------------------------------------- */

/* A client shares connections, TLS sessions, tokens and the retry budget between its endpoints.
 * Touches no network. Optional: options. */
EPK_API epk_status epk_client_new(const epk_options *options, epk_client **client,
                                  epk_error **error);
EPK_API void epk_client_free(epk_client *client);

/* Opens an endpoint by URI:
 *   sagemaker://REGION/ENDPOINT
 *   vertex://PROJECT/LOCATION/ENDPOINT-ID  or  …/publishers/PUBLISHER/models/MODEL
 *   azureml://HOST/PATH
 * Options win over the URI's query. Touches no network. Optional: client (NULL makes one of its
 * own, and the options may then hold client.* too), options, uri (NULL takes the option "uri").
 * Errors: EPK_INVALID_REQUEST if URI, options and credentials make no sense, alone or together;
 * EPK_AUTHENTICATION if a given key is none. */
EPK_API epk_status epk_endpoint_open(const epk_client *client, const char *uri, size_t uri_length,
                                     const epk_options *options, epk_endpoint **endpoint,
                                     epk_error **error);
EPK_API void epk_endpoint_free(epk_endpoint *endpoint);

/* The URI it was opened with, without secrets. */
EPK_API const char *epk_endpoint_uri(const epk_endpoint *endpoint, size_t *length);
/* Which identity signs its calls, without secrets: "AWS access key AKID…MPLE". */
EPK_API const char *epk_endpoint_credentials(const epk_endpoint *endpoint, size_t *length);

/* Looks for an identity as a call would, and gives what it found on the way as JSON:
 *   {"links": [{"name": "environment variables", "looked_at": ["AWS_ACCESS_KEY_ID", ...],
 *     "outcome": "answered", "not configured", "failed" or "not reached", "message"}, ...],
 *    "identity", "expires", "provider_says", "error"}
 * with null for what is not known, and "error" saying why a call would fail. Names of variables and
 * files, never a value of one. Fetches a token where a call needs one. Optional: options, of a
 * call. Errors: EPK_CANCELLED only, since failing is a finding. */
EPK_API epk_status epk_explain_credentials(const epk_endpoint *endpoint, const epk_options *options,
                                           epk_text **report, epk_error **error);
/* Asks the provider who signs, where it can be asked (the ARN on AWS); else what is known without
 * asking. Optional: options, of a call. Errors: as a call's before it is sent. */
EPK_API epk_status epk_fetch_identity(const epk_endpoint *endpoint, const epk_options *options,
                                      epk_text **identity, epk_error **error);

EPK_API const char *epk_text_value(const epk_text *text, size_t *length);
EPK_API void epk_text_free(epk_text *text);

/* ---- Requests -------------------------------------------------------------------------------- */

/* A request from JSON, in the library's own vocabulary, the same for every model:
 *   {"messages": [{"role": "system", "user", "assistant" or "tool",
 *                  "content": "Hello!" or [part, ...]}, ...],
 *    "tools": [{"name", "description", "parameters": {JSON Schema of an object}}, ...],
 *    "tool_choice": "auto", "none", "required" or the name of a tool,
 *    "max_tokens": 100, "temperature": 0.2, "top_p": 0.9, "seed": 7, "stop": "END" or ["END", ...],
 *    "model": where one address serves several, "extra": {merged into what is sent, and wins}}
 * A part is one of
 *   {"type": "text", "text", "signature"}    {"type": "reasoning", "text", "signature"}
 *   {"type": "image", "mime_type", "data": its bytes in base64, or "url", "signature"}
 *   {"type": "tool_call", "id", "name", "arguments": {...} or a string, "signature"}
 *   {"type": "tool_result", "tool_call_id", "name", "content": a string, "is_error": false}
 *   {"type": "provider", "dialect", "json": as that provider sent it}
 * "message" of epk_reply_json is such a message. null is as good as absent.
 * Errors: EPK_INVALID_REQUEST, with the path of the member that is wrong or unknown. */
EPK_API epk_status epk_request_from_json(const char *json, size_t length, epk_request **request,
                                         epk_error **error);
/* A request without messages yet. */
EPK_API epk_status epk_request_new(epk_request **request, epk_error **error);
/* A request of one message of the user. */
EPK_API epk_status epk_request_from_message(const char *text, size_t length, epk_request **request,
                                            epk_error **error);
EPK_API void epk_request_free(epk_request *request);

/* Appends a message; role is "system", "user" or "assistant". */
EPK_API epk_status epk_request_add_message(epk_request *request, const char *role, const char *text,
                                           size_t length, epk_error **error);
/* Appends what a tool gave for the call `tool_call_id` of an answer before; "" for one without id.
 * Optional: name, of the tool; is_error is 1 if it failed. Both names are NUL-terminated. */
EPK_API epk_status epk_request_add_tool_result(epk_request *request, const char *tool_call_id,
                                               const char *name, const char *content, size_t length,
                                               int is_error, epk_error **error);
/* Appends an answer as it came, tool calls and signatures included, to go on from there. */
EPK_API epk_status epk_request_add_reply(epk_request *request, const epk_reply *reply,
                                         epk_error **error);

/* ---- Whole answers --------------------------------------------------------------------------- */

/* Sends the conversation and blocks until the answer is whole; epk_chat_start can be cancelled.
 * Optional: options. */
EPK_API epk_status epk_chat(const epk_endpoint *endpoint, const epk_request *request,
                            const epk_options *options, epk_reply **reply, epk_error **error);

/* Sends `length` bytes as they are to the model, of any kind, and blocks until its answer is
 * whole; an empty body is fine. Optional: options, and body if length is 0. */
EPK_API epk_status epk_invoke(const epk_endpoint *endpoint, const void *body, size_t length,
                              const epk_options *options, epk_reply **reply, epk_error **error);

/* Of a chat: all its text. Of epk_invoke: the body, byte for byte. */
EPK_API const char *epk_reply_text(const epk_reply *reply, size_t *length);
/* Of a chat: {"message", "finish_reason", "usage", "model", "id", …}, tool calls included: their
 * "arguments" are an object, or a string where the model sent anything else. Of epk_invoke:
 * {"content_type", "request_id", "headers"}. "" if memory ran out. */
EPK_API const char *epk_reply_json(const epk_reply *reply, size_t *length);
/* "stop", "length", "tool_calls", "content_filter", "other"; "other" too if it is not whole. */
EPK_API const char *epk_reply_finish_reason(const epk_reply *reply);
EPK_API void epk_reply_free(epk_reply *reply);

/* ---- Streamed answers ------------------------------------------------------------------------ */

/* Begins a call. Nothing is sent before the first epk_call_next. Optional: options.
 * Errors: EPK_INVALID_REQUEST only; everything else comes out of epk_call_next. */
EPK_API epk_status epk_chat_start(const epk_endpoint *endpoint, const epk_request *request,
                                  const epk_options *options, epk_call **call, epk_error **error);
/* The same for raw bytes: its events are EPK_EVENT_BYTES, cut anywhere, also inside a character. */
EPK_API epk_status epk_invoke_start(const epk_endpoint *endpoint, const void *body, size_t length,
                                    const epk_options *options, epk_call **call, epk_error **error);

/* Works on the call and waits at most timeout_ms for the next event; less than 0 waits for ever, 0
 * only looks. Gives EPK_EVENT with *event, which lives until the next epk_call_next or
 * epk_call_free of this call; EPK_AGAIN; EPK_END after EPK_EVENT_FINISHED or the last bytes; or
 * the error that ended the call, EPK_TRUNCATED where it was cut. The last two are given again,
 * error details included, however often one asks. Not asking is the back-pressure: no timer runs
 * from an event to the next call; after EPK_AGAIN they run on. */
EPK_API epk_status epk_call_next(epk_call *call, int64_t timeout_ms, const epk_event **event,
                                 epk_error **error);

/* Ends the call with EPK_CANCELLED, at once. Any thread, also while another one is in
 * epk_call_next, but not during or after epk_call_free. Does nothing to a call that is over; NULL
 * is ignored. */
EPK_API void epk_call_cancel(epk_call *call);

/* A copy of the answer as far as it has come, from a call of epk_chat_start.
 * Errors: EPK_INVALID_REQUEST for a call of epk_invoke_start: its bytes are not kept. */
EPK_API epk_status epk_call_reply(const epk_call *call, epk_reply **reply, epk_error **error);
/* The provider's id of the call, for a support ticket; "" until it answered. Lives until the next
 * epk_call_next. */
EPK_API const char *epk_call_request_id(const epk_call *call, size_t *length);
/* So is the model's content type, for epk_invoke_start. */
EPK_API const char *epk_call_content_type(const epk_call *call, size_t *length);
/* Before the end this closes the connection, which stops the provider's work where it can. */
EPK_API void epk_call_free(epk_call *call);

/* ---- Events ---------------------------------------------------------------------------------- */

typedef int32_t epk_kind;
enum {
  EPK_EVENT_TEXT = 1,           /* text: the next piece of the answer. */
  EPK_EVENT_REASONING = 2,      /* text: the next piece of what the model thinks. */
  EPK_EVENT_SIGNATURE = 3,      /* Opaque proof for what was said last. */
  EPK_EVENT_TOOL_CALL = 4,      /* A tool call begins. */
  EPK_EVENT_TOOL_ARGUMENTS = 5, /* text: the next piece of a tool call's JSON arguments. */
  EPK_EVENT_IMAGE = 6,          /* An image that the model made. */
  EPK_EVENT_USAGE = 7,          /* Token counts so far. */
  EPK_EVENT_PROVIDER = 8,       /* Something that only this provider sends. */
  EPK_EVENT_HEARTBEAT = 9,      /* A sign of life without content. */
  EPK_EVENT_FINISHED = 10,      /* The last event of a whole answer, with its reason. */
  EPK_EVENT_BYTES = 11          /* text: the next bytes of epk_invoke_start. */
};

EPK_API epk_kind epk_event_kind(const epk_event *event);
/* The new text or bytes where the kind has them, else "". */
EPK_API const char *epk_event_text(const epk_event *event, size_t *length);
/* The whole event: {"type": "text", "text": "Hel"}. An object with a member "type" for every kind.
 * Bytes are not in it, only their number. "" if memory ran out. */
EPK_API const char *epk_event_json(const epk_event *event, size_t *length);

/* ---- Errors ---------------------------------------------------------------------------------- */

/* All getters accept NULL and give 0, -1 or "" for it, and for what the provider did not say. */

/* The status that came with it. */
EPK_API epk_status epk_error_code(const epk_error *error);
/* Stable names: "rate_limit"; "headers", or for a timeout the timer that fired: "idle". */
EPK_API const char *epk_error_code_name(const epk_error *error);
EPK_API const char *epk_error_phase_name(const epk_error *error);
/* For a human: what was expected, what came, what to do. Never holds a secret. */
EPK_API const char *epk_error_message(const epk_error *error, size_t *length);
/* HTTP status of the provider's answer; 0 if none came. */
EPK_API int epk_error_http_status(const epk_error *error);
/* As the provider names it: "ThrottlingException". */
EPK_API const char *epk_error_provider_code(const epk_error *error, size_t *length);
EPK_API const char *epk_error_request_id(const epk_error *error, size_t *length);
/* 1 if sending the same again later can succeed. */
EPK_API int epk_error_retryable(const epk_error *error);
/* The provider's own wish; -1 if it has none. */
EPK_API int64_t epk_error_retry_after_ms(const epk_error *error);
/* 1 if a part of the answer was handed out before. */
EPK_API int epk_error_output_delivered(const epk_error *error);
/* All of this and more as one object. "" if memory ran out. */
EPK_API const char *epk_error_json(const epk_error *error, size_t *length);
EPK_API void epk_error_free(epk_error *error);

#ifdef __cplusplus
}
#endif

#endif /* ENDPOINTKIT_ENDPOINTKIT_H_ */
