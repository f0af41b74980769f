#include "signing/aws/config_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "signing/credentials_error.hpp"

namespace ek {
namespace {

constexpr std::string_view blanks = " \t";
constexpr std::string_view comment_marks = "#;";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view text, std::string_view more) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alphanumeric(c) || more.find(c) != std::string_view::npos;
  });
}
bool is_section_name(std::string_view text) noexcept { return is_name(text, "-/.%@_:+"); }
bool is_property_name(std::string_view text) noexcept { return is_name(text, "-_./%@:+"); }

bool is_comment(std::string_view line) noexcept {
  const std::string_view text = trim(line);
  return text.empty() || comment_marks.find(text.front()) != std::string_view::npos;
}

// "value # comment" without its comment; "value#no comment" whole.
std::string_view without_comment(std::string_view line) noexcept {
  for (auto at = line.find_first_of(comment_marks); at != std::string_view::npos;
       at = line.find_first_of(comment_marks, at + 1)) {
    if (at > 0 && blanks.find(line[at - 1]) != std::string_view::npos) return line.substr(0, at);
  }
  return line;
}

// One file, line by line, into the sections that both share.
class FileReader {
 public:
  FileReader(AwsConfig& config, std::string_view path, bool is_credentials)
      : config_(config), path_(path), is_credentials_(is_credentials) {}

  Result<void> read(std::string_view text) {
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    while (!text.empty()) {
      const auto end = text.find('\n');
      ++line_;
      if (auto good = read_line(text.substr(0, end)); !good) return good;
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
    }
    return {};
  }

 private:
  Result<void> read_line(std::string_view line) {
    if (is_comment(line)) return {};
    if (line.front() == '[') return read_section(line.substr(1));
    if (section_ == nullptr) return wrong("expected a section such as [default]");
    if (blanks.find(line.front()) != std::string_view::npos) return read_continuation(trim(line));
    return read_property(trim(without_comment(line)));
  }

  Result<void> read_section(std::string_view line) {
    line = trim(line.substr(0, line.find_first_of(comment_marks)));
    if (!line.ends_with(']')) return wrong("a section must end with ']'");
    line.remove_suffix(1);
    section_ = find_section(trim(line));
    value_ = nullptr;
    return {};
  }

  Result<void> read_property(std::string_view line) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return wrong("expected an '=' between name and value");
    const std::string_view name = trim(line.substr(0, equals));
    if (name.empty()) return wrong("expected a name before '='");
    const std::string_view value = trim(line.substr(equals + 1));
    value_ = is_property_name(name) ? &(*section_)[to_lower(name)] : &ignored_value_;
    *value_ = value;
    nested_ = value.empty();
    return {};
  }

  Result<void> read_continuation(std::string_view line) {
    if (value_ == nullptr) return wrong("expected a property; an indented line continues one");
    if (nested_) {
      const auto equals = line.find('=');
      if (equals == std::string_view::npos)
        return wrong("expected an '=' between name and value inside a block");
      if (equals == 0) return wrong("expected a name before '=' inside a block");
    }
    *value_ += '\n';
    *value_ += line;
    return {};
  }

  // Where the properties that follow belong; those of a section that is left out go nowhere.
  AwsSection* find_section(std::string_view title) {
    ignored_ = {};
    const auto blank = title.find_first_of(blanks);
    const std::string_view kind = blank == std::string_view::npos ? "" : title.substr(0, blank);
    const std::string_view name = kind.empty() ? title : trim(title.substr(blank));
    if (!is_section_name(name)) return &ignored_;
    if (is_credentials_) return kind.empty() ? &config_.profiles[std::string(name)] : &ignored_;
    if (kind == "sso-session") return &config_.sso_sessions[std::string(name)];
    if (kind == "services") return &config_.services[std::string(name)];
    if (name == "default") return find_default(kind);
    return kind == "profile" ? &config_.profiles[std::string(name)] : &ignored_;
  }

  AwsSection* find_default(std::string_view kind) {
    const bool prefixed = kind == "profile";
    if (!prefixed && (!kind.empty() || prefixed_default_)) return &ignored_;
    AwsSection& section = config_.profiles["default"];
    if (prefixed && !std::exchange(prefixed_default_, true)) section.clear();
    return &section;
  }

  Error wrong(std::string_view what) const {
    return credentials_error(fmt::format("{}, line {}: {}", path_, line_, what));
  }

  AwsConfig& config_;
  const std::string_view path_;
  const bool is_credentials_;
  int line_ = 0;
  bool prefixed_default_ = false;
  bool nested_ = false;
  AwsSection* section_ = nullptr;
  std::string* value_ = nullptr;
  AwsSection ignored_;
  std::string ignored_value_;
};

}  // namespace

Result<AwsConfig> parse_aws_config(const AwsFileText& config, const AwsFileText& credentials) {
  AwsConfig out;
  if (auto good = FileReader(out, config.path, false).read(config.text); !good)
    return std::move(good).error();
  if (auto good = FileReader(out, credentials.path, true).read(credentials.text); !good)
    return std::move(good).error();
  return out;
}

std::optional<std::string> property(const AwsSection& section, std::string_view name) {
  const auto found = section.find(name);
  if (found == section.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::optional<std::string> nested_property(const AwsSection& section, std::string_view block,
                                           std::string_view name) {
  const auto found = section.find(block);
  if (found == section.end()) return std::nullopt;
  std::optional<std::string> value;
  std::string_view rest = found->second;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || !iequals(trim(line.substr(0, equals)), name)) continue;
    value = trim(line.substr(equals + 1));
  }
  if (value && value->empty()) return std::nullopt;
  return value;
}

}  // namespace ek
