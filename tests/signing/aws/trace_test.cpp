#include "signing/aws/trace.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

TEST(LambdaTrace, IsHandedOnInsideLambdaOnly) {
  World world{.variables = {{"_X_AMZN_TRACE_ID", "Root=1-5;Sampled=1\n"}}};
  const auto clock = std::make_shared<ManualClock>();
  EXPECT_EQ(lambda_trace_header(*make_environment(clock, world), {}), std::nullopt);
  world.variables["AWS_LAMBDA_FUNCTION_NAME"] = "f";
  const auto inside = make_environment(clock, world);
  EXPECT_EQ(lambda_trace_header(*inside, {}), (Header{"X-Amzn-Trace-Id", "Root=1-5;Sampled=1%0A"}));
  EXPECT_EQ(lambda_trace_header(*inside, {{"x-amzn-trace-id", "mine"}}), std::nullopt);
}

}  // namespace
}  // namespace ek::test
