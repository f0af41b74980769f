#pragma once

#include <string>

namespace ek::test {

/// tests/data of the tree that the test was built from; no slash at the end.
std::string test_data();

}  // namespace ek::test
