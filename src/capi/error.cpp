#include <exception>
#include <new>

#include "base/text.hpp"
#include "capi/capi.hpp"
#include "dialect/json_text.hpp"

namespace ek::capi {
namespace {

static_assert(-static_cast<epk_status>(ErrorCode::invalid_request) == EPK_INVALID_REQUEST);
static_assert(-static_cast<epk_status>(ErrorCode::timeout) == EPK_TIMEOUT);
static_assert(-static_cast<epk_status>(ErrorCode::truncated) == EPK_TRUNCATED);
static_assert(-static_cast<epk_status>(ErrorCode::cancelled) == EPK_CANCELLED);

epk_status give(epk_error** error, epk_status status, Error details) {
  if (error == nullptr) return status;
  // The header promises UTF-8, and an error may quote what was none.
  for (std::string* text :
       {&details.message, &details.provider_code, &details.reason, &details.request_id})
    *text = valid_utf8(*text);
  *error = new epk_error{std::move(details), status};
  return status;
}

epk_status internal(epk_error** error, std::string_view what) {
  Error details{.code = ErrorCode::server_error, .phase = Phase::request};
  details.message = "unexpected exception in the library, please report it: " + std::string(what);
  return give(error, EPK_INTERNAL_ERROR, std::move(details));
}

epk_status rethrow_into(epk_error** error) {
  try {
    throw;
  } catch (const Exception& thrown) {
    return give(error, -static_cast<epk_status>(thrown.error().code), thrown.error());
  } catch (const std::bad_alloc&) {
    return EPK_OUT_OF_MEMORY;
  } catch (const std::exception& thrown) {
    return internal(error, thrown.what());
  } catch (...) {
    return internal(error, "of an unknown type");
  }
}

}  // namespace

epk_status report_current(epk_error** error) noexcept {
  try {
    return rethrow_into(error);
  } catch (...) {
    return EPK_OUT_OF_MEMORY;
  }
}

void refuse(std::string message) {
  Error error{.code = ErrorCode::invalid_request, .phase = Phase::request};
  error.message = std::move(message);
  throw Exception(std::move(error));
}

std::string_view text_in(const char* text, std::size_t length, const char* name) {
  if (text == nullptr) {
    if (length == 0) return {};
    refuse(std::string(name) + " is NULL");
  }
  return length == EPK_ZERO_TERMINATED ? std::string_view(text) : std::string_view(text, length);
}

}  // namespace ek::capi

using namespace ek::capi;

epk_status epk_error_code(const epk_error* error) {
  return error != nullptr ? error->status : EPK_OK;
}

const char* epk_error_code_name(const epk_error* error) {
  if (error == nullptr) return "";
  return error->status == EPK_INTERNAL_ERROR ? "internal_error"
                                             : to_string(error->error.code).data();
}

const char* epk_error_phase_name(const epk_error* error) {
  return error != nullptr ? to_string(error->error.phase).data() : "";
}

const char* epk_error_message(const epk_error* error, size_t* length) {
  return error != nullptr ? text_out(error->error.message, length) : empty_text(length);
}

int epk_error_http_status(const epk_error* error) {
  return error != nullptr ? error->error.http_status : 0;
}

const char* epk_error_provider_code(const epk_error* error, size_t* length) {
  return error != nullptr ? text_out(error->error.provider_code, length) : empty_text(length);
}

const char* epk_error_request_id(const epk_error* error, size_t* length) {
  return error != nullptr ? text_out(error->error.request_id, length) : empty_text(length);
}

int epk_error_retryable(const epk_error* error) {
  return error != nullptr && error->error.retryable ? 1 : 0;
}

int64_t epk_error_retry_after_ms(const epk_error* error) {
  return error != nullptr && error->error.retry_after ? error->error.retry_after->count() : -1;
}

int epk_error_output_delivered(const epk_error* error) {
  return error != nullptr && error->error.output_delivered ? 1 : 0;
}

const char* epk_error_json(const epk_error* error, size_t* length) {
  if (error == nullptr) return empty_text(length);
  return text_once(error->json, length, [&] { return ek::dialect::to_json(error->error); });
}

void epk_error_free(epk_error* error) { delete error; }
