#include "tools/emulator/writer.hpp"

namespace ek::emulator {

std::string WholeWriter::piece(const Piece& piece) {
  switch (piece.kind) {
    case Piece::Kind::text:
      text_ += piece.text;
      break;
    case Piece::Kind::reasoning:
      reasoning_ += piece.text;
      break;
    case Piece::Kind::tool_name:
      tools_.push_back({.name = piece.text});
      break;
    case Piece::Kind::tool_arguments:
      if (!tools_.empty()) tools_.back().arguments += piece.text;
      break;
  }
  return {};
}

}  // namespace ek::emulator
