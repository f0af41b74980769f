#include "http/no_proxy.hpp"

#ifdef _WIN32
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#endif

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace ek {
namespace {

int number_in(std::string_view text, int most) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && number >= 0 && number <= most ? number : -1;
}

// The bytes of an IP address, brackets or not; "" for a name.
std::string address_in(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  const std::string terminated(text);
  char bytes[16];
  if (inet_pton(AF_INET, terminated.c_str(), bytes) == 1) return {bytes, 4};
  if (inet_pton(AF_INET6, terminated.c_str(), bytes) == 1) return {bytes, 16};
  return {};
}

bool same_bits(std::string_view a, std::string_view b, unsigned bits) {
  if (a.size() != b.size() || bits > a.size() * 8) return false;
  const std::size_t whole = bits / 8;
  if (a.substr(0, whole) != b.substr(0, whole)) return false;
  const unsigned rest = bits % 8;
  if (rest == 0) return true;
  const unsigned differing =
      static_cast<unsigned char>(a[whole]) ^ static_cast<unsigned char>(b[whole]);
  return differing >> (8 - rest) == 0;
}

// Takes ":PORT" off the end; not of an IPv6 address without brackets.
int take_port(std::string_view& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return 0;
  if (!text.starts_with('[') && text.find(':') != colon) return 0;
  const int port = number_in(text.substr(colon + 1), 65535);
  if (port <= 0) return 0;
  text = text.substr(0, colon);
  return port;
}

}  // namespace

NoProxy::Item NoProxy::parse(std::string_view text) {
  Item item;
  item.port = take_port(text);
  const auto slash = text.find('/');
  item.bytes = address_in(text.substr(0, slash));
  if (item.bytes.empty()) {
    if (text.starts_with('.')) text.remove_prefix(1);
    if (text.ends_with('.')) text.remove_suffix(1);
    item.name = to_lower(text);
    return item;
  }
  const int most = static_cast<int>(item.bytes.size() * 8);
  const int bits = slash == std::string_view::npos ? most : number_in(text.substr(slash + 1), most);
  if (bits < 0) return {};
  item.bits = static_cast<unsigned>(bits);
  return item;
}

NoProxy::NoProxy(std::string_view list) {
  constexpr std::string_view separators = ", \t\r\n";
  while (!list.empty()) {
    const auto end = std::min(list.find_first_of(separators), list.size());
    Item item = parse(list.substr(0, end));
    if (!item.name.empty() || !item.bytes.empty()) items_.push_back(std::move(item));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

bool NoProxy::matches(std::string_view host, int port) const {
  if (items_.empty()) return false;
  const std::string address = address_in(host);
  std::string name = to_lower(host);
  if (name.ends_with('.')) name.pop_back();
  return std::any_of(items_.begin(), items_.end(), [&](const Item& item) {
    if (item.port != 0 && item.port != port) return false;
    if (item.name == "*") return true;
    if (!item.bytes.empty()) return same_bits(item.bytes, address, item.bits);
    if (!address.empty() || !name.ends_with(item.name)) return false;
    return name.size() == item.name.size() || name[name.size() - item.name.size() - 1] == '.';
  });
}

}  // namespace ek
