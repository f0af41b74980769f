// What one can ask of an endpoint, as calls that somebody still has to drive.
#pragma once

#include <memory>
#include <string>

#include "endpoint/call.hpp"
#include "endpoint/endpoint_state.hpp"
#include "endpointkit/endpoint.hpp"

namespace ek {

using EndpointPtr = std::shared_ptr<const EndpointState>;
using CallPtr = std::unique_ptr<Call>;

/// Errors: invalid_request/request. The consumers are a ReplyConsumer, ChatConsumer, WholeConsumer
/// and PieceConsumer.
Result<CallPtr> make_chat(const EndpointPtr& endpoint, const ChatRequest& request,
                          const CallOptions& options);
Result<CallPtr> make_chat_stream(const EndpointPtr& endpoint, const ChatRequest& request,
                                 const CallOptions& options);
Result<CallPtr> make_invoke(const EndpointPtr& endpoint, const InvokeRequest& request,
                            const CallOptions& options);
Result<CallPtr> make_invoke_stream(const EndpointPtr& endpoint, const InvokeRequest& request,
                                   const CallOptions& options);

/// Of a call to make_invoke() that is over and did not fail.
InvokeReply take_invoke_reply(Call& call);
/// "" until the provider answered.
std::string request_id_of(const Call& call);

}  // namespace ek
