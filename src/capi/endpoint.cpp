#include "base/text.hpp"
#include "capi/capi.hpp"
#include "capi/credentials.hpp"
#include "capi/options.hpp"
#include "dialect/json_text.hpp"

using namespace ek::capi;

namespace {

// The client that is given, or one of the endpoint's own made from the same options.
epk_client client_for(const epk_client* client, const epk_options* options) {
  if (client != nullptr) return *client;
  return {ek::Client(client_options(options))};
}

epk_endpoint* open_endpoint(const epk_client* client, std::string uri, const epk_options* options) {
  refuse_foreign_keys(options, client != nullptr ? of_endpoint : of_endpoint | of_client,
                      "epk_endpoint_open");
  if (uri.empty()) uri = uri_option(options);
  const epk_client owner = client_for(client, options);
  ek::Endpoint endpoint =
      owner.client.open(uri, credentials(options), endpoint_options(options)).value();
  std::string shown_uri = ek::valid_utf8(endpoint.uri());
  std::string identity = endpoint.describe_credentials();
  return new epk_endpoint{std::move(endpoint), std::move(shown_uri), std::move(identity)};
}

}  // namespace

epk_status epk_client_new(const epk_options* options, epk_client** client, epk_error** error) {
  return guard(error, [&] {
    auto& made = out(client, "client");
    refuse_foreign_keys(options, of_client, "epk_client_new");
    made = new epk_client(client_for(nullptr, options));
    return EPK_OK;
  });
}

void epk_client_free(epk_client* client) { delete client; }

epk_status epk_endpoint_open(const epk_client* client, const char* uri, size_t uri_length,
                             const epk_options* options, epk_endpoint** endpoint,
                             epk_error** error) {
  return guard(error, [&] {
    auto& opened = out(endpoint, "endpoint");
    const std::string_view text =
        uri != nullptr ? text_in(uri, uri_length, "uri") : std::string_view();
    opened = open_endpoint(client, std::string(text), options);
    return EPK_OK;
  });
}

void epk_endpoint_free(epk_endpoint* endpoint) { delete endpoint; }

const char* epk_endpoint_uri(const epk_endpoint* endpoint, size_t* length) {
  return endpoint != nullptr ? text_out(endpoint->uri, length) : empty_text(length);
}

epk_status epk_explain_credentials(const epk_endpoint* endpoint, const epk_options* options,
                                   epk_text** report, epk_error** error) {
  return guard(error, [&] {
    auto& made = out(report, "report");
    const auto& asked = require(endpoint, "endpoint");
    refuse_foreign_keys(options, of_call, "epk_explain_credentials");
    const auto found = asked.endpoint.explain_credentials(call_options(options, asked)).value();
    made = new epk_text{ek::dialect::to_json(found)};
    return EPK_OK;
  });
}

epk_status epk_fetch_identity(const epk_endpoint* endpoint, const epk_options* options,
                              epk_text** identity, epk_error** error) {
  return guard(error, [&] {
    auto& made = out(identity, "identity");
    const auto& asked = require(endpoint, "endpoint");
    refuse_foreign_keys(options, of_call, "epk_fetch_identity");
    made = new epk_text{asked.endpoint.fetch_identity(call_options(options, asked)).value()};
    return EPK_OK;
  });
}

const char* epk_text_value(const epk_text* text, size_t* length) {
  return text != nullptr ? text_out(text->text, length) : empty_text(length);
}

void epk_text_free(epk_text* text) { delete text; }

const char* epk_endpoint_credentials(const epk_endpoint* endpoint, size_t* length) {
  return endpoint != nullptr ? text_out(endpoint->credentials, length) : empty_text(length);
}
