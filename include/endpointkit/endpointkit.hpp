// Everything but the parts that replace parts (ext/), the adapters dispatcher.hpp and asio.hpp, and
// json.hpp.
#pragma once

#include "endpointkit/azure_ml.hpp"
#include "endpointkit/call_options.hpp"
#include "endpointkit/chat.hpp"
#include "endpointkit/credential_report.hpp"
#include "endpointkit/credentials.hpp"
#include "endpointkit/endpoint.hpp"
#include "endpointkit/error.hpp"
#include "endpointkit/group.hpp"
#include "endpointkit/invoke.hpp"
#include "endpointkit/loop.hpp"
#include "endpointkit/network.hpp"
#include "endpointkit/observer.hpp"
#include "endpointkit/sagemaker.hpp"
#include "endpointkit/secret.hpp"
#include "endpointkit/version.hpp"
#include "endpointkit/vertex.hpp"
