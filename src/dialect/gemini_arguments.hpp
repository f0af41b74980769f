// Arguments of a Gemini function call that come piece by piece, each with the JSONPath of its place
// (functionCall.partialArgs).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialect/json_view.hpp"

namespace ek::dialect {

class PartialArguments {
 public:
  /// Sets the value at the piece's jsonPath; strings at the same path are joined. A path that
  /// cannot be read, or that contradicts earlier ones, is passed over: false.
  bool add(JsonView piece);
  /// The object so far.
  [[nodiscard]] std::string text() const;

 private:
  struct Node {
    enum class Kind { none, scalar, string, object, array } kind = Kind::none;
    std::string value;              // of a string unescaped, else JSON text
    std::vector<std::string> keys;  // of an object, one a child
    std::vector<Node> children;
  };

  static Node* member(Node& node, const std::string& key);
  static Node* element(Node& node, std::size_t index);
  static void write(const Node& node, std::string& out);
  Node* find(std::string_view path);

  Node root_{Node::Kind::object, {}, {}, {}};
};

}  // namespace ek::dialect
