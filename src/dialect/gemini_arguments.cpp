#include "dialect/gemini_arguments.hpp"

#include <charconv>

#include "dialect/json_build.hpp"

namespace ek::dialect {
namespace {

// A path is not trusted with memory or stack.
constexpr std::size_t kMaxGap = 100;
constexpr std::size_t kMaxDepth = 200;

// Takes the next step off a path like $.a['b'][0]; `index` is set for [0], `key` else.
struct Step {
  std::string key;
  std::size_t index = 0;
  bool is_index = false;
};

bool take_bracket(std::string_view& path, Step& step) {
  const char mark = path.size() > 1 ? path[1] : '\0';
  if (mark == '\'' || mark == '"') {
    std::size_t at = 2;
    for (; at < path.size() && path[at] != mark; ++at) {
      if (path[at] == '\\' && at + 1 < path.size()) ++at;
      step.key += path[at];
    }
    if (path.substr(at + (at < path.size() ? 1 : 0), 1) != "]") return false;
    path.remove_prefix(at + 2);
    return true;
  }
  const auto [stop, failure] =
      std::from_chars(path.data() + 1, path.data() + path.size(), step.index);
  if (failure != std::errc{} || stop == path.data() + path.size() || *stop != ']') return false;
  step.is_index = true;
  path.remove_prefix(static_cast<std::size_t>(stop - path.data()) + 1);
  return true;
}

bool take_step(std::string_view& path, Step& step) {
  if (path.front() == '[') return take_bracket(path, step);
  if (path.front() != '.') return false;
  path.remove_prefix(1);
  step.key = path.substr(0, path.find_first_of(".["));
  path.remove_prefix(step.key.size());
  return !step.key.empty();
}

}  // namespace

PartialArguments::Node* PartialArguments::member(Node& node, const std::string& key) {
  if (node.kind == Node::Kind::none) node.kind = Node::Kind::object;
  if (node.kind != Node::Kind::object) return nullptr;
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    if (node.keys[i] == key) return &node.children[i];
  }
  node.keys.push_back(key);
  return &node.children.emplace_back();
}

PartialArguments::Node* PartialArguments::element(Node& node, std::size_t index) {
  if (node.kind == Node::Kind::none) node.kind = Node::Kind::array;
  if (node.kind != Node::Kind::array || index > node.children.size() + kMaxGap) return nullptr;
  if (index >= node.children.size()) node.children.resize(index + 1);
  return &node.children[index];
}

PartialArguments::Node* PartialArguments::find(std::string_view path) {
  if (path.empty() || path.front() != '$') return nullptr;
  path.remove_prefix(1);
  Node* node = &root_;
  for (std::size_t depth = 0; !path.empty() && node != nullptr; ++depth) {
    Step step;
    if (depth == kMaxDepth || !take_step(path, step)) return nullptr;
    node = step.is_index ? element(*node, step.index) : member(*node, step.key);
  }
  return node;
}

bool PartialArguments::add(JsonView piece) {
  Node* node = find(piece["jsonPath"].string());
  if (node == nullptr) return false;
  const bool fresh = node->kind == Node::Kind::none;
  if (const JsonView text = piece["stringValue"]; text.is(JsonView::Kind::string)) {
    if (!fresh && node->kind != Node::Kind::string) return false;
    node->kind = Node::Kind::string;
    node->value += text.string();
    return true;
  }
  JsonView value = piece["numberValue"];
  if (value.is(JsonView::Kind::absent)) value = piece["boolValue"];
  const bool null = !piece["nullValue"].is(JsonView::Kind::absent);
  if (value.is(JsonView::Kind::absent) && !null) return true;  // announces a container
  if (!fresh && node->kind != Node::Kind::scalar) return false;
  node->kind = Node::Kind::scalar;
  node->value = null ? "null" : value.text();
  return true;
}

void PartialArguments::write(const Node& node, std::string& out) {
  switch (node.kind) {
    case Node::Kind::none:
      out += "null";
      break;
    case Node::Kind::scalar:
      out += node.value;
      break;
    case Node::Kind::string:
      out += quote(node.value);
      break;
    case Node::Kind::object:
      out += '{';
      for (std::size_t i = 0; i < node.keys.size(); ++i) {
        out += (i == 0 ? "" : ",") + quote(node.keys[i]) + ":";
        write(node.children[i], out);
      }
      out += '}';
      break;
    case Node::Kind::array:
      out += '[';
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        if (i > 0) out += ',';
        write(node.children[i], out);
      }
      out += ']';
      break;
  }
}

std::string PartialArguments::text() const {
  std::string out;
  write(root_, out);
  return out;
}

}  // namespace ek::dialect
