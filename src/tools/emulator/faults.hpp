// Accidents to order. One table holds what can go wrong on the way to a hosted model; a request
// orders a row with the header x-emulator-fault, the whole server with --fault.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/error.hpp"

namespace ek::emulator {

inline constexpr std::string_view fault_header = "x-emulator-fault";

struct FaultKind;

/// One order: "cut;after=120;times=2".
struct Fault {
  const FaultKind* kind = nullptr;
  std::map<std::string, std::string, std::less<>> parameters{};
  std::string order{};  ///< As it was written.

  [[nodiscard]] std::string_view text(std::string_view name) const noexcept;
  [[nodiscard]] long number(std::string_view name, long otherwise) const noexcept;
};

/// Errors: invalid_request, naming the faults or parameters that exist.
Result<Fault> parse_fault(std::string_view order);

/// The table for people: each fault, its parameters and what it does.
std::string fault_help();

/// Which fault hits the next request. Safe from all threads.
class FaultBook {
 public:
  /// For the whole server; the first that fits a request hits it. Before the first take().
  void add(Fault fault) { standing_.push_back(std::move(fault)); }
  /// For a request to `cloud` with `order` in its header, which goes before standing orders; none
  /// if nothing is ordered, or all of its times are used up.
  /// Errors: those of parse_fault().
  Result<std::optional<Fault>> take(std::string_view cloud, std::string_view order);
  /// How often each order hit.
  [[nodiscard]] std::map<std::string, int> hits() const;
  /// An answer with that order falls silent: what comes before was given to the network.
  void count_silence(const std::string& order);
  /// How often answers of each order did.
  [[nodiscard]] std::map<std::string, int> silences() const;

 private:
  bool hit(const Fault& fault, std::string_view cloud);

  std::vector<Fault> standing_;
  mutable std::mutex mutex_;
  std::map<std::string, int> hits_;
  std::map<std::string, int> silences_;
};

}  // namespace ek::emulator
