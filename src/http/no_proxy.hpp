// The hosts that NO_PROXY names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ek {

/// Items have commas or spaces between them. A name stands for itself and all below it, with or
/// without a dot in front; an address for itself; "10.0.0.0/8" for a network; "*" for all; a port
/// at the end narrows each. What is none of these matches nothing.
class NoProxy {
 public:
  explicit NoProxy(std::string_view list);

  /// `host` as it stands in a URL: brackets around an IPv6 address.
  [[nodiscard]] bool matches(std::string_view host, int port) const;

 private:
  struct Item {
    std::string name{};   // lower case; "" for an address or a network
    std::string bytes{};  // of the address, 4 or 16
    unsigned bits = 0;    // how many of them count
    int port = 0;         // 0 for every one
  };
  static Item parse(std::string_view text);

  std::vector<Item> items_;
};

}  // namespace ek
