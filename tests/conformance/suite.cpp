#include "conformance/suite.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace ek::conformance {

void Report::pass(const std::string&) { ++passed_; }
void Report::fail(const std::string& name, const std::string& why) {
  failures_.push_back({name, why});
}
void Report::skip(const std::string& name, const std::string& reason) {
  skips_.push_back({name, reason});
}

void Report::tell(const std::string& name, const std::string& wrong) {
  wrong.empty() ? pass(name) : fail(name, wrong);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

nlohmann::json read_json(const std::filesystem::path& path) {
  return nlohmann::json::parse(read_file(path));
}

std::string text_of(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace ek::conformance
