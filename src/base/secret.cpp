#include "endpointkit/secret.hpp"

#include <ostream>

namespace ek {

// A copy: a moved-from short string keeps its characters.
// NOLINTNEXTLINE(performance-move-constructor-init)
Secret::Secret(Secret&& other) noexcept : text_(other.text_) { other.wipe(); }

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe();
    text_ = other.text_;
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    text_ = other.text_;
    other.wipe();
  }
  return *this;
}

Secret::~Secret() { wipe(); }

void Secret::wipe() noexcept {
  // volatile: the writes must stay although nobody reads them.
  volatile char* bytes = text_.data();
  for (std::size_t i = 0; i < text_.size(); ++i) bytes[i] = 0;
  text_.clear();
}

bool operator==(const Secret& a, const Secret& b) noexcept {
  if (a.text_.size() != b.text_.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.text_.size(); ++i) {
    difference |= static_cast<unsigned char>(a.text_[i] ^ b.text_[i]);
  }
  return difference == 0;
}

std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "***"; }

}  // namespace ek
