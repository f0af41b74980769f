/* What endpointkit.h promises of options, endpoints and requests, from plain C. No network. */
#include "check.h"

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
  CHECK(strstr(epk_error_message(error, NULL), "proxy_password") != NULL);
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
                                {"retry.max_backoff_ms", "long"},
                                {"credentials.azure.source", "pow"},
                                {"credentials.azure.source", ""},
                                {"credentials.azure.rs256", "1"},
                                {"credentials.google.proof", "trust me"},
                                {"client.proxy", "ftp://proxy"},
                                {"client.http_version", "3"},
                                {"client.keep_alive_s", "often"}};
  const char *none[] = {NULL};
  epk_options *options = make_options(none);
  size_t i;
  for (i = 0; i < sizeof bad / sizeof *bad; ++i) {
    epk_error *error = NULL;
    CHECK(epk_options_set(options, bad[i][0], bad[i][1], Z, &error) == EPK_INVALID_REQUEST);
    /* Network options are named by what follows "client.", without their unit. */
    if (strncmp(bad[i][0], "client.", 7) == 0) {
      CHECK(strstr(epk_error_message(error, NULL), "the option ") != NULL);
    } else {
      CHECK(strstr(epk_error_message(error, NULL), bad[i][0]) != NULL);
    }
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

static void takes_network_options_for_clients(void) {
  const char *pairs[] = {"client.proxy",
                         "socks5h://127.0.0.1:1080",
                         "client.proxy_user",
                         "me",
                         "client.proxy_password",
                         "hunter2",
                         "client.routes",
                         "model.test:443:10.0.0.5",
                         "client.certificate_key_file",
                         "key.pem",
                         "client.certificate_file",
                         "own.pem",
                         NULL};
  const char *lonely[] = {"client.proxy_password", "hunter2", NULL};
  epk_options *options = make_options(pairs);
  epk_client *client = NULL;
  epk_endpoint *endpoint = NULL;
  epk_error *error = NULL;
  CHECK(epk_client_new(options, &client, NULL) == EPK_OK);
  epk_client_free(client);
  epk_options_free(options);
  options = make_options(lonely);
  CHECK(epk_endpoint_open(NULL, "azureml://model.test/score", Z, options, &endpoint, &error) ==
        EPK_INVALID_REQUEST);
  CHECK(strstr(epk_error_message(error, NULL), "proxy_user") != NULL);
  CHECK(strstr(epk_error_message(error, NULL), "hunter2") == NULL);
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

/* Options that make up each identity, and a part of how it calls itself. */
static const char *const identities[][12] = {
    {"AWS profile", "sagemaker://eu-west-1/m", "credentials.aws.profile", "work",
     "credentials.aws.mfa_code", "123456"},
    {"Google credentials from", "vertex://p/europe-west1/1", "credentials.google.id_token_audience",
     "https://audience.test"},
    {"Google user", "vertex://p/europe-west1/1", "credentials.google.file_json",
     "{\"type\":\"authorized_user\",\"client_id\":\"c\",\"client_secret\":\"PLANTED\","
     "\"refresh_token\":\"PLANTED\"}",
     "credentials.google.file_type", "authorized_user"},
    {"client-1", "azureml://m.westus.inference.ml.azure.com/score",
     "credentials.azure.certificate_file", "no.pem", "credentials.azure.tenant_id", "tenant",
     "credentials.azure.client_id", "client-1", "credentials.azure.rs256", "true"},
    {"client-1", "azureml://m.westus.inference.ml.azure.com/score", "credentials.azure.assertion",
     "PLANTED", "credentials.azure.tenant_id", "tenant", "credentials.azure.client_id", "client-1",
     "credentials.azure.authority_host", "https://login.microsoftonline.us"},
    {"client-1", "azureml://m.westus.inference.ml.azure.com/score", "credentials.azure.source",
     "workload", "credentials.azure.tenant_id", "tenant", "credentials.azure.client_id", "client-1",
     "credentials.azure.token_file", "/no/token"},
    {"anaged", "azureml://m.westus.inference.ml.azure.com/score", "credentials.azure.source",
     "managed", "credentials.azure.object_id", "object-1"},
    {"Azure CLI", "azureml://m.westus.inference.ml.azure.com/score", "credentials.azure.source",
     "cli", "credentials.azure.subscription", "sub-1", "credentials.azure.timeout_ms", "5000"},
    {"Developer CLI", "azureml://m.westus.inference.ml.azure.com/score", "credentials.azure.source",
     "developer_cli"},
    {"PowerShell", "azureml://m.westus.inference.ml.azure.com/score", "credentials.azure.source",
     "power_shell"},
    {"", "azureml://m.westus.inference.ml.azure.com/score", "credentials.azure.source", "default"}};

static void opens_with_every_identity(void) {
  size_t i;
  for (i = 0; i < sizeof identities / sizeof *identities; ++i) {
    const char *const *row = identities[i];
    epk_options *options = make_options(row + 2);
    epk_endpoint *endpoint = NULL;
    epk_error *error = NULL;
    CHECK(epk_endpoint_open(NULL, row[1], Z, options, &endpoint, &error) == EPK_OK);
    CHECK_TEXT(epk_error_message(error, NULL), "");
    if (strstr(epk_endpoint_credentials(endpoint, NULL), row[0]) == NULL)
      CHECK_TEXT(epk_endpoint_credentials(endpoint, NULL), row[0]);
    CHECK(strstr(epk_endpoint_credentials(endpoint, NULL), "PLANTED") == NULL);
    epk_error_free(error);
    epk_endpoint_free(endpoint);
    epk_options_free(options);
  }
}

static void opens_with_the_key_of_an_online_endpoint(void) {
  const char *pairs[] = {"credentials.azure.endpoint.name",
                         "model",
                         "credentials.azure.endpoint.subscription_id",
                         "sub",
                         "credentials.azure.endpoint.resource_group",
                         "group",
                         "credentials.azure.endpoint.workspace",
                         "work",
                         "credentials.azure.source",
                         "managed",
                         NULL};
  epk_options *options = make_options(pairs);
  epk_endpoint *endpoint = NULL;
  CHECK(epk_endpoint_open(NULL, "azureml://h.test/score", Z, options, &endpoint, NULL) == EPK_OK);
  CHECK(strstr(epk_endpoint_credentials(endpoint, NULL), "model") != NULL);
  epk_endpoint_free(endpoint);
  epk_options_free(options);
}

static void says_what_is_wrong_with_an_identity(void) {
  static const char *const rows[][10] = {
      {"aws.secret_access_key is missing", "credentials.aws.access_key_id", "AKID"},
      {"nothing that it belongs to", "credentials.aws.session_token", "PLANTED"},
      {"does not belong to credentials.aws.profile", "credentials.aws.profile", "p",
       "credentials.aws.session_token", "PLANTED"},
      {"does not belong to credentials.azure.source cli", "credentials.azure.source", "cli",
       "credentials.azure.object_id", "o"},
      {"choose one kind", "credentials.azure.client_secret", "PLANTED",
       "credentials.azure.certificate_file", "own.pem"},
      {"google.file_type is missing", "credentials.google.file_json", "{}"},
      {"endpoint.subscription_id is missing", "credentials.azure.endpoint.name", "model"}};
  size_t i;
  for (i = 0; i < sizeof rows / sizeof *rows; ++i) {
    epk_options *options = make_options(rows[i] + 1);
    epk_endpoint *endpoint = NULL;
    epk_error *error = NULL;
    CHECK(epk_endpoint_open(NULL, "azureml://h.test/score", Z, options, &endpoint, &error) ==
          EPK_INVALID_REQUEST);
    if (strstr(epk_error_message(error, NULL), rows[i][0]) == NULL)
      CHECK_TEXT(epk_error_message(error, NULL), rows[i][0]);
    CHECK(strstr(epk_error_message(error, NULL), "PLANTED") == NULL);
    epk_error_free(error);
    epk_options_free(options);
  }
}

static void explains_who_is_calling(void) {
  const char *pairs[] = {"credentials.bearer", "PLANTED", NULL};
  epk_options *options = make_options(pairs);
  epk_endpoint *endpoint = NULL;
  epk_text *text = NULL;
  epk_error *error = NULL;
  size_t length = 0;
  CHECK(epk_endpoint_open(NULL, "azureml://h.test/score", Z, options, &endpoint, NULL) == EPK_OK);
  CHECK(epk_explain_credentials(endpoint, NULL, &text, &error) == EPK_OK);
  CHECK(strstr(epk_text_value(text, &length), "{\"links\":[],\"identity\":\"") != NULL);
  CHECK(strstr(epk_text_value(text, NULL), "\"error\":null}") != NULL);
  CHECK(strstr(epk_text_value(text, NULL), "PLANTED") == NULL);
  CHECK(length == strlen(epk_text_value(text, NULL)));
  epk_text_free(text);
  CHECK(epk_fetch_identity(endpoint, NULL, &text, &error) == EPK_OK);
  CHECK(epk_text_value(text, &length)[0] != '\0' && length > 0);
  epk_text_free(text);
  CHECK(epk_explain_credentials(endpoint, options, &text, &error) == EPK_INVALID_REQUEST);
  CHECK(text == NULL);
  epk_error_free(error);
  CHECK(epk_explain_credentials(NULL, NULL, &text, NULL) == EPK_INVALID_REQUEST);
  CHECK(epk_fetch_identity(endpoint, NULL, NULL, NULL) == EPK_INVALID_REQUEST);
  CHECK_TEXT(epk_text_value(NULL, &length), "");
  epk_text_free(NULL);
  epk_endpoint_free(endpoint);
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

static void gives_utf_8_in_errors_whatever_it_quotes(void) {
  epk_endpoint *endpoint = NULL;
  epk_error *error = NULL;
  CHECK(epk_endpoint_open(NULL, "sagemaker://us-east-1/\xff", Z, NULL, &endpoint, &error) ==
        EPK_INVALID_REQUEST);
  CHECK(strstr(epk_error_message(error, NULL), "\xef\xbf\xbd") != NULL);
  CHECK(strchr(epk_error_message(error, NULL), '\xff') == NULL);
  CHECK(strchr(epk_error_json(error, NULL), '\xff') == NULL);
  epk_error_free(error);
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
  CHECK(epk_queue_new(NULL, NULL, NULL) == EPK_INVALID_REQUEST);
  CHECK(epk_queue_next(NULL, -1, NULL, &event, NULL) == EPK_INVALID_REQUEST);
  CHECK(epk_queue_size(NULL) == 0);
  CHECK(epk_queue_fd(NULL) == -1);
  CHECK(epk_queue_wait_ms(NULL) == -1);
  epk_queue_cancel(NULL, 1);
  epk_queue_pause(NULL, 1);
  epk_queue_resume(NULL, 1);
  epk_queue_wake(NULL);
  epk_queue_free(NULL);
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
  CHECK(epk_request_add_message(request, "tool", "Hi", 2, &error) == EPK_INVALID_REQUEST);
  CHECK(strstr(epk_error_message(error, NULL), "epk_request_add_tool_result") != NULL);
  epk_error_free(error);
  CHECK(epk_request_add_tool_result(request, NULL, "f", "Hi", 2, 0, &error) == EPK_INVALID_REQUEST);
  CHECK_TEXT(epk_error_message(error, NULL), "tool_call_id is NULL");
  epk_error_free(error);
  CHECK(epk_request_add_tool_result(NULL, "1", "f", "Hi", 2, 0, NULL) == EPK_INVALID_REQUEST);
  epk_request_free(request);
}

int main(void) {
  names_its_version_and_features();
  refuses_unknown_options_by_listing_the_known();
  refuses_values_that_do_not_fit();
  refuses_options_that_a_function_does_not_take();
  takes_network_options_for_clients();
  refuses_two_kinds_of_credentials();
  opens_with_every_identity();
  opens_with_the_key_of_an_online_endpoint();
  says_what_is_wrong_with_an_identity();
  explains_who_is_calling();
  opens_by_options_alone_on_a_shared_client();
  explains_what_cannot_be_opened();
  gives_utf_8_in_errors_whatever_it_quotes();
  takes_null_for_an_error_and_not_for_a_crash();
  names_the_member_of_a_request_that_is_wrong();
  if (failures != 0) fprintf(stderr, "%d checks failed\n", failures);
  return failures == 0 ? 0 : 1;
}
