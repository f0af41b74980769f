// A locale with a decimal comma, for as long as the object lives. It is the test's own, since few
// machines have one installed.
#pragma once

#include <clocale>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/test_path.hpp"

namespace ek::test {

class CommaLocale {
 public:
  CommaLocale() {
    const std::string folder = test_path("locales");
    std::filesystem::create_directories(folder + "/comma");
    std::ofstream(folder + "/comma/LC_NUMERIC", std::ios::binary) << compiled();
    setenv("LOCPATH", folder.c_str(), 1);
    std::setlocale(LC_NUMERIC, "comma");
    unsetenv("LOCPATH");
  }
  ~CommaLocale() { std::setlocale(LC_NUMERIC, "C"); }
  CommaLocale(const CommaLocale&) = delete;
  CommaLocale& operator=(const CommaLocale&) = delete;

 private:
  // What localedef makes for glibc: a magic number, the number of fields, where each begins, and
  // the fields: decimal point, thousands separator, grouping, the first two as wide characters,
  // character set.
  static std::string compiled() {
    std::string file;
    for (const std::uint32_t number : {0x20031115U ^ LC_NUMERIC, 6U, 32U, 34U, 35U, 36U, 40U, 44U})
      file += bytes_of(number);
    return file.append(",\0\0\x7f", 4) + bytes_of(',') + bytes_of(0) + "UTF-8" + '\0';
  }
  static std::string bytes_of(std::uint32_t number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
  }
};

}  // namespace ek::test
