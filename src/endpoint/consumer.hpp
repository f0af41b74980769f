// What a call does with the body of a 2xx answer: decode chat events, hand out pieces, or collect
// it all.
#pragma once

#include <string>
#include <string_view>

#include "endpointkit/chat.hpp"
#include "endpointkit/ext/transport.hpp"

namespace ek {

class Consumer {
 public:
  /// Where the consumer stands after the bytes it was given.
  struct Progress {
    bool item = false;             ///< Something can be handed out.
    bool content = false;          ///< That item is a piece of the answer, not a sign of life.
    bool over = false;             ///< Nothing more will come: the answer is whole.
    const Error* error = nullptr;  ///< What ended it. Lifetime: the consumer's.
  };

  virtual ~Consumer() = default;
  /// An attempt was answered with 2xx. Called again, after a retry, only if nothing was handed out.
  virtual Result<void> begin(const HttpHead& head) = 0;
  /// Body bytes; `last` says that the body ended properly after them.
  virtual void append(std::string_view bytes, bool last) = 0;
  virtual Progress progress() = 0;
  /// False where the answer is waited for as a whole: then there is no first-event timer.
  [[nodiscard]] virtual bool streams() const noexcept = 0;
  /// Drops the item that progress() told of.
  virtual void skip() {}
  /// What the provider counted so far; null if nothing.
  [[nodiscard]] virtual const Usage* usage() const noexcept { return nullptr; }
};

}  // namespace ek
