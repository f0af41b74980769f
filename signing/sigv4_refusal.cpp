#include "signing/sigv4_refusal.hpp"

#include <fmt/format.h>

#include <optional>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/sigv4.hpp"

namespace ek {
namespace {

constexpr std::size_t longest_shown = 300;

// What stands in quotes after `title`, without the quotes: a canonical request holds none, since
// URLs encode them and header values of ours have none.
std::optional<std::string_view> quoted_after(std::string_view said, std::string_view title) {
  const auto at = said.find(title);
  if (at == std::string_view::npos) return std::nullopt;
  said.remove_prefix(at + title.size());
  const auto open = said.find('\'');
  if (open == std::string_view::npos) return std::nullopt;
  said.remove_prefix(open + 1);
  const auto close = said.find("'\n");
  const auto end = close != std::string_view::npos ? close : said.rfind('\'');
  if (end == std::string_view::npos) return std::nullopt;
  return said.substr(0, end);
}

// Ours, made again from what was sent; none if it carries no signature.
std::optional<SigV4Trace> trace_of(const HttpRequest& sent) {
  HttpRequest received = sent;
  const HttpHead head{.headers = sent.headers};
  if (head.header("host").empty()) {
    const auto uri = parse_uri(sent.url);
    if (!uri) return std::nullopt;
    received.headers.push_back({"host", uri->authority()});
  }
  const auto request = sigv4_request(received);
  const auto proof = parse_sigv4_authorization(head.header("authorization"));
  if (!request || !proof) return std::nullopt;
  Sha256 sha;
  auto trace = recompute_sigv4(sha, *request, *proof, Secret());
  if (!trace) return std::nullopt;
  return *std::move(trace);
}

std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::string shown(std::string_view line) {
  constexpr std::string_view token = "x-amz-security-token:";
  if (line.starts_with(token)) return std::string(token) + "***";
  return clip(printable(line), longest_shown);
}

struct Difference {
  int line = 0;
  std::string_view ours{}, theirs{};
};
std::optional<Difference> first_difference(std::string_view ours, std::string_view theirs) {
  for (int line = 1; !ours.empty() || !theirs.empty(); ++line) {
    const std::string_view our_line = next_line(ours);
    const std::string_view their_line = next_line(theirs);
    if (our_line != their_line) return Difference{line, our_line, their_line};
  }
  return std::nullopt;
}

std::string tell(std::string_view text, const Difference& difference) {
  return fmt::format(
      "line {} of the {} is \"{}\" as sent and \"{}\" as the service received it; something on the "
      "way, such as a proxy, changed the request",
      difference.line, text, shown(difference.ours), shown(difference.theirs));
}

}  // namespace

std::string explain_sigv4_refusal(const HttpRequest& sent, std::string_view said) {
  const auto canonical =
      quoted_after(said, "The Canonical String for this request should have been");
  if (!canonical) return {};
  const auto ours = trace_of(sent);
  if (!ours) return {};
  if (const auto found = first_difference(ours->canonical_request, *canonical))
    return tell("canonical request", *found);
  const auto to_sign = quoted_after(said, "The String-to-Sign should have been");
  if (to_sign) {
    if (const auto found = first_difference(ours->string_to_sign, *to_sign))
      return tell("string to sign", *found);
  }
  return "the service computed the same canonical request as we, so the secret access key is not "
         "the one that belongs to the access key id";
}

}  // namespace ek
