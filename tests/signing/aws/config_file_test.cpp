#include "signing/aws/config_file.hpp"

#include "signing/signing_fixture.hpp"

namespace ek::test {
namespace {

using testing::HasSubstr;
using testing::Not;

Result<AwsConfig> parse(std::string_view config, std::string_view credentials = "") {
  return parse_aws_config({"~/.aws/config", config}, {"~/.aws/credentials", credentials});
}

TEST(AwsConfigFile, SortsSectionsByKind) {
  const auto parsed = parse(
      "[default]\nregion = eu-west-1\n[profile dev]\nservices = local\n"
      "[sso-session corp]\nsso_region = us-east-1\n[services local]\nsts =\n  endpoint_url = "
      "http://localhost:4566\n  other = x\n[dev]\nlost = 1\n",
      "[dev]\naws_access_key_id = AKID\n[profile dev]\nlost = 1\n[sso-session corp]\nlost = 1\n");
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->profiles.at("default"), (AwsSection{{"region", "eu-west-1"}}));
  EXPECT_EQ(parsed->profiles.at("dev"),
            (AwsSection{{"aws_access_key_id", "AKID"}, {"services", "local"}}));
  EXPECT_EQ(parsed->sso_sessions.at("corp"), (AwsSection{{"sso_region", "us-east-1"}}));
  const AwsSection& services = parsed->services.at("local");
  EXPECT_EQ(nested_property(services, "sts", "ENDPOINT_URL"), "http://localhost:4566");
  EXPECT_EQ(nested_property(services, "sts", "missing"), std::nullopt);
  EXPECT_EQ(nested_property(services, "s3", "endpoint_url"), std::nullopt);
}

TEST(AwsConfigFile, LetsTheCredentialsFileWin) {
  const auto parsed = parse("[profile a]\nregion = one\nx = 1\n", "[a]\nregion = two\n");
  EXPECT_EQ(parsed.value().profiles.at("a"), (AwsSection{{"region", "two"}, {"x", "1"}}));
}

TEST(AwsConfigFile, TakesByteOrderMarkAndIndentedComments) {
  const auto parsed =
      parse("\xEF\xBB\xBF[profile a]\r\n  # why\r\ns3 =\r\n  ; why\r\n  k = v\r\nregion = r\r\n");
  EXPECT_EQ(parsed.value().profiles.at("a"), (AwsSection{{"region", "r"}, {"s3", "\nk = v"}}));
}

TEST(AwsConfigFile, NamesFileAndLineButNeverText) {
  const struct {
    const char* text;
    const char* says;
  } cases[] = {
      {"[a\n", "line 1: a section must end with ']'"},
      {"\nPLANTED = 1\n", "line 2: expected a section"},
      {"[a]\nPLANTED\n", "line 2: expected an '='"},
      {"[a]\n= PLANTED\n", "line 2: expected a name"},
      {"[a]\n PLANTED\n", "line 2: expected a property"},
      {"[a]\ns3 =\n PLANTED\n", "line 3: expected an '=' between name and value inside"},
      {"[a]\ns3 =\n = PLANTED\n", "line 3: expected a name before '=' inside"},
  };
  for (const auto& [text, says] : cases) {
    const auto parsed = parse("", text);
    EXPECT_THAT(parsed, FailsWith(HasSubstr(says))) << text;
    EXPECT_THAT(parsed, FailsWith(HasSubstr("~/.aws/credentials"))) << text;
    EXPECT_THAT(parsed, FailsWith(Not(HasSubstr("PLANTED")))) << text;
  }
}

}  // namespace
}  // namespace ek::test
