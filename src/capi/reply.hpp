// Whole answers as handles.
#pragma once

#include "capi/capi.hpp"

namespace ek::capi {

epk_reply* make_reply(ChatReply reply);
/// Moves the body to where epk_reply_text() finds it.
epk_reply* make_reply(InvokeReply reply);

}  // namespace ek::capi
