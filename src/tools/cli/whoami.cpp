#include "tools/cli/whoami.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ostream>

#include "base/iso_time.hpp"
#include "dialect/json_text.hpp"
#include "tools/cli/target.hpp"

namespace ek::cli {
namespace {

using Outcome = CredentialReport::Outcome;

std::string when(std::chrono::system_clock::time_point time) {
  return format_iso_time(std::chrono::floor<std::chrono::seconds>(time));
}

std::string_view mark(Outcome outcome) {
  switch (outcome) {
    case Outcome::answered:
      return "yes";
    case Outcome::failed:
      return "ERR";
    case Outcome::not_configured:
      return "no ";
    case Outcome::not_reached:
      break;
  }
  return "-  ";
}

void show(const CredentialReport& report, const std::string& provider_says, std::ostream& out) {
  int number = 0;
  for (const CredentialReport::Link& link : report.links) {
    out << fmt::format("{:2}. {} {}", ++number, mark(link.outcome), link.name);
    if (!link.message.empty()) out << ": " << link.message;
    if (link.outcome == Outcome::not_reached) out << ": not looked at";
    out << '\n';
    if (!link.looked_at.empty())
      out << fmt::format("        looks at {}\n", fmt::join(link.looked_at, ", "));
  }
  if (!report.identity.empty()) out << "identity: " << report.identity << '\n';
  if (report.expires) out << "until:    " << when(*report.expires) << '\n';
  if (!provider_says.empty()) out << "provider: " << provider_says << '\n';
}

}  // namespace

ExitCode whoami(const Endpoint& endpoint, const WhoamiArguments& arguments, std::ostream& out,
                std::ostream& err) {
  auto report = endpoint.explain_credentials();
  if (!report) return ek::cli::report(report.error(), arguments.json, err);
  std::string provider_says;
  if (arguments.ask && !report->error) {
    auto said = endpoint.fetch_identity();
    if (said) {
      provider_says = *std::move(said);
    } else {
      report->error = std::move(said).error();
    }
  }
  if (arguments.json) {
    out << dialect::to_json(*report, provider_says) << '\n';
    return report->error ? exit_code(*report->error) : success;
  }
  show(*report, provider_says, out);
  return report->error ? ek::cli::report(*report->error, false, err) : success;
}

ExitCode whoami_command(const WhoamiArguments& arguments, std::ostream& out, std::ostream& err) {
  const auto endpoint = open_endpoint(arguments);
  if (!endpoint) return report(endpoint.error(), arguments.json, err);
  return whoami(*endpoint, arguments, out, err);
}

}  // namespace ek::cli
