#include "base/scrub.hpp"

#include "base/uri.hpp"

namespace ek {

void scrub(std::string& text, const Secret& secret) {
  for (const std::string& form : {secret.reveal(), percent_encode(secret.reveal())}) {
    if (form.empty()) continue;
    // Behind the stars, which may hold the secret again.
    for (auto at = text.find(form); at != std::string::npos; at = text.find(form, at + 3)) {
      text.replace(at, form.size(), "***");
    }
  }
}

}  // namespace ek
