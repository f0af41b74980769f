// The rows of the table of faults: what each does to an answer.
#pragma once

#include <functional>
#include <span>

#include "tools/emulator/exchange.hpp"
#include "tools/emulator/faults.hpp"
#include "tools/emulator/service.hpp"

namespace ek::emulator {

/// A fault that hits a request.
struct FaultScene {
  Service& service;
  const Fault& fault;
  std::string_view cloud;  ///< "sagemaker", "vertex" or "azureml".
  const Request& request;
  std::function<Reply()> answer;  ///< What comes without the fault; not calling it costs nothing.
};

struct FaultKind {
  std::string_view name;
  /// "after=BYTES ms=TIME"; a value is a number, but for TEXT.
  std::string_view parameters;
  std::string_view what;
  /// Errors: invalid_request if the answer is of a kind that cannot have this fault.
  Result<Reply> (*act)(const FaultScene& scene);
};

std::span<const FaultKind> fault_kinds();

// Instead of an answer, in the provider's own words. In fault_answers.cpp.
Result<Reply> refuse_with_status(const FaultScene& scene);
Result<Reply> expire_token(const FaultScene& scene);
Result<Reply> answer_html(const FaultScene& scene);

// On the way of a good answer's bytes. In fault_bytes.cpp.
Result<Reply> cut_body(const FaultScene& scene);
Result<Reply> reset_connection(const FaultScene& scene);
Result<Reply> stall_body(const FaultScene& scene);
Result<Reply> trickle_body(const FaultScene& scene);
Result<Reply> garble_body(const FaultScene& scene);
Result<Reply> close_early(const FaultScene& scene);
Result<Reply> keep_open(const FaultScene& scene);
Result<Reply> delay_headers(const FaultScene& scene);
Result<Reply> change_type(const FaultScene& scene);
Result<Reply> go_away(const FaultScene& scene);
Result<Reply> reset_stream(const FaultScene& scene);
Result<Reply> drain_connection(const FaultScene& scene);

// To one event of a good stream. In fault_events.cpp.
Result<Reply> spoil_checksum(const FaultScene& scene);
Result<Reply> repeat_event(const FaultScene& scene);
Result<Reply> end_with_error(const FaultScene& scene);
Result<Reply> end_unframed(const FaultScene& scene);

/// A body made of another, step by step.
class ChangedBody final : public BodySource {
 public:
  using Step = std::function<Chunk(BodySource& from)>;
  ChangedBody(std::unique_ptr<BodySource> from, Step step)
      : from_(std::move(from)), step_(std::move(step)) {}
  Chunk next() override { return step_(*from_); }

 private:
  std::unique_ptr<BodySource> from_;
  Step step_;
};

}  // namespace ek::emulator
