// The internal door of ek::ChatDecoder: a decoder inside an envelope that the cloud has opened.
#pragma once

#include <memory>

#include "endpointkit/ext/decoder.hpp"
#include "wire/decoder.hpp"

namespace ek {

/// A decoder whose bytes first go through `envelope`, whose frames' data, joined, is the body that
/// `options` speaks of (its content type too). Null: there is no envelope.
/// Errors: invalid_request if the dialect is unknown.
Result<ChatDecoder> make_chat_decoder(const DecoderOptions& options,
                                      std::unique_ptr<wire::Decoder> envelope);

}  // namespace ek
