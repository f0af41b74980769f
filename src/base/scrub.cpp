#include "base/scrub.hpp"

#include "base/uri.hpp"

namespace ek {
namespace {

// What is shorter stands in words by chance: to take it out would spoil the message, and show by
// the gaps what it is. It is no secret either: a machine tries all of them in a moment.
constexpr std::size_t shortest = 6;

}  // namespace

void scrub(std::string& text, const Secret& secret) {
  if (secret.reveal().size() < shortest) return;
  for (const std::string& form : {secret.reveal(), percent_encode(secret.reveal())}) {
    // Behind the stars, which may hold the secret again.
    for (auto at = text.find(form); at != std::string::npos; at = text.find(form, at + 3)) {
      text.replace(at, form.size(), "***");
    }
  }
}

}  // namespace ek
