// Standard input and output as the process really has them: closed, or a thing that cannot be read.
#pragma once

#include <array>
#include <istream>
#include <streambuf>
#include <string>

#include "endpointkit/error.hpp"

namespace ek::cli {

/// Lets reading or writing fail on those of the three that are closed. Else the first sockets would
/// get their numbers, and an answer could go into one. At the start of main().
void occupy_closed_streams();

/// Standard input that goes bad when it cannot be read. std::cin takes that for its end.
class StandardInput final : private std::streambuf, public std::istream {
 public:
  StandardInput() : std::istream(nullptr) { rdbuf(this); }

 private:
  std::streambuf::int_type underflow() override;

  std::array<char, 65536> buffer_{};
};

/// All of `in`.
/// Errors: invalid_request if it cannot be read.
Result<std::string> read_all(std::istream& in);

}  // namespace ek::cli
