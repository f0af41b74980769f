#include "support/test_data.hpp"

namespace ek::test {

std::string test_data() { return EK_TEST_DATA; }

}  // namespace ek::test
