#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace ek::fuzz {
namespace {

// One line a frame; two runs are the same if their logs are.
bool drain(wire::Decoder& decoder, std::string& log) {
  while (true) {
    const auto frame = decoder.next();
    if (!frame) {
      log += "error " + describe(frame.error()) + '\n';
      const auto again = decoder.next();
      if (again || !(again.error() == frame.error())) log += "and then something else\n";
      return false;
    }
    if (!*frame) return true;
    const wire::Frame& f = **frame;
    log += std::to_string(f.type.size()) + ' ' + std::string(f.type) + ' ' +
           std::to_string(f.data.size()) + ' ' + std::string(f.data) +
           (f.heartbeat ? " heartbeat" : "") + (f.unframed ? " unframed" : "") + '\n';
  }
}

std::string run(wire::Decoder& decoder, std::string_view body, std::string_view sizes) {
  std::string log;
  std::size_t turn = 0;
  while (!body.empty()) {
    const std::size_t wanted =
        sizes.empty() ? body.size() : static_cast<unsigned char>(sizes[turn++ % sizes.size()]) + 1U;
    // On the heap and of exactly its size, so that a view kept into it is seen.
    const std::string piece(body.substr(0, wanted));
    body.remove_prefix(piece.size());
    decoder.append(piece, false);
    if (!drain(decoder, log)) return log;
  }
  decoder.append({}, true);
  drain(decoder, log);
  return log;
}

void expect_same(const std::string& whole, const std::string& cut, const char* how) {
  if (whole == cut) return;
  std::fprintf(stderr, "whole:\n%s\n%s:\n%s\n", whole.c_str(), how, cut.c_str());
  std::abort();
}

}  // namespace

void check_cuts(std::string_view input,
                const std::function<std::unique_ptr<wire::Decoder>()>& make) {
  const std::string_view sizes = input.substr(0, std::min<std::size_t>(input.size(), 4));
  const std::string_view body = input.substr(sizes.size());
  const std::string whole = run(*make(), body, "");
  expect_same(whole, run(*make(), body, sizes.empty() ? "\1" : sizes), "in pieces");
  expect_same(whole, run(*make(), body, std::string_view("\0", 1)), "byte by byte");
}

}  // namespace ek::fuzz
