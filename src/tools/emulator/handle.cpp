// What a request gets: the answer of a service, emulated, real or recorded, with the fault that was
// ordered.
#include "tools/emulator/fault_kinds.hpp"
#include "tools/emulator/service.hpp"

namespace ek::emulator {
namespace {

Reply refuse_order(const Error& error) {
  return {.status = 400,
          .content_type = "text/plain; charset=utf-8",
          .body = "endpointkit-emulator: " + error.message + "\n"};
}

Reply answer_with_faults(Service& service, std::string_view cloud, const Request& request) {
  const auto plain = [&] {
    if (service.replay) return service.replay->answer(request);
    return service.options.forward.empty() ? serve(service, request) : forward(service, request);
  };
  const auto fault = service.faults.take(cloud, request.header(fault_header));
  if (!fault) return refuse_order(fault.error());
  if (!*fault) return plain();
  auto reply = (**fault).kind->act(
      {.service = service, .fault = **fault, .cloud = cloud, .request = request, .answer = plain});
  return reply ? *std::move(reply) : refuse_order(reply.error());
}

}  // namespace

Reply handle(Service& service, const Request& request) {
  const std::string_view cloud = cloud_of(request);
  if (cloud.empty()) return serve(service, request);
  Reply reply = answer_with_faults(service, cloud, request);
  if (!service.recorder) return reply;
  return service.recorder->watch(request, std::move(reply));
}

}  // namespace ek::emulator
