// Which proxy a request goes through.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "endpointkit/ext/environment.hpp"
#include "endpointkit/network.hpp"
#include "http/no_proxy.hpp"

namespace ek {

struct Proxy {
  std::string url{};  ///< Scheme, host and port, no userinfo.
  std::string user{};
  Secret password{};
  std::string named_by{};  ///< "the option proxy", or a variable.
};

/// `text` may hold userinfo, and no scheme for http. Errors: invalid_request/request, naming
/// `named_by`; the text is repeated without userinfo.
Result<Proxy> parse_proxy(std::string_view text, std::string_view named_by);

/// The environment is read once, when this is made. Threads: any.
class ProxyRules {
 public:
  ProxyRules(const NetworkOptions& options, const Environment& environment);

  /// Null for none. Errors: those of parse_proxy, if the variable that counts holds no proxy.
  /// Lifetime: as long as this.
  [[nodiscard]] Result<const Proxy*> choose(std::string_view url) const;

 private:
  using Choice = std::optional<Result<Proxy>>;

  Choice http_;
  Choice https_;
  bool by_option_ = false;
  NoProxy excepted_;
};

}  // namespace ek
