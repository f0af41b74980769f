#include "signing/aws/endpoints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.hpp"
#include "base/uri.hpp"
#include "signing/aws/profiles.hpp"
#include "signing/chain.hpp"

namespace ek {
namespace {

struct Partition {
  std::string_view id, region_prefix, dns_suffix, dual_stack_suffix;
};
// partitions.json of the AWS SDKs, November 2026.
constexpr auto partitions = std::to_array<Partition>({
    {"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws"},
    {"aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"aws", "", "amazonaws.com", "api.aws"},
});

// {r} is the region, {s} the suffix of the partition for the variant, {d} its dual-stack suffix.
struct Service {
  std::string_view name, host, fips_host;
};
constexpr auto services = std::to_array<Service>({
    {"sagemaker-runtime", "runtime.sagemaker.{r}.{s}", "runtime.sagemaker-fips.{r}.{s}"},
    {"sagemaker", "api.sagemaker.{r}.{s}", "api.sagemaker-fips.{r}.{s}"},
    {"bedrock-runtime", "bedrock-runtime.{r}.{s}", "bedrock-runtime-fips.{r}.{s}"},
    {"bedrock", "bedrock.{r}.{s}", "bedrock-fips.{r}.{s}"},
    {"sts", "sts.{r}.{s}", "sts-fips.{r}.{s}"},
    {"sso", "portal.sso.{r}.{s}", "portal.sso-fips.{r}.{s}"},
    {"sso-oidc", "oidc.{r}.{s}", "oidc-fips.{r}.{s}"},
    {"signin", "signin.{r}.{s}", "signin-fips.{r}.{s}"},
    {"signin-control", "signin.{r}.{d}", "signin.{r}.{d}"},
    {"signin-oauth", "signin.{r}.{s}", ""},  // no FIPS host
});

enum class Variant { plain, fips, dual_stack, both };

// `where` is a partition or one region of it; the first that fits counts.
struct Exception {
  std::string_view service;
  Variant variant;
  std::string_view where, host;
};
constexpr auto exceptions = std::to_array<Exception>({
    {"sagemaker-runtime", Variant::fips, "aws", "runtime-fips.sagemaker.{r}.{s}"},
    {"sagemaker-runtime", Variant::fips, "aws-us-gov", "runtime.sagemaker.{r}.{s}"},
    {"sagemaker", Variant::fips, "aws", "api-fips.sagemaker.{r}.{s}"},
    {"sagemaker", Variant::fips, "aws-us-gov", "api-fips.sagemaker.{r}.{s}"},
    {"sts", Variant::fips, "aws-us-gov", "sts.{r}.{s}"},
    {"sts", Variant::plain, "aws-global", "sts.{s}"},
    {"sso", Variant::fips, "aws-us-gov", "portal.sso.{r}.{s}"},
    {"sso-oidc", Variant::fips, "aws-us-gov", "oidc.{r}.{s}"},
    {"signin-oauth", Variant::plain, "aws", "{r}.oauth.signin.aws"},
    {"signin-oauth", Variant::dual_stack, "aws", "{r}.oauth.signin.aws"},
    {"signin", Variant::plain, "aws", "{r}.signin.aws.amazon.com"},
    {"signin", Variant::plain, "aws-cn", "{r}.signin.amazonaws.cn"},
    {"signin", Variant::plain, "aws-us-gov", "{r}.signin.amazonaws-us-gov.com"},
    {"signin", Variant::plain, "aws-iso", "{r}.signin.c2shome.ic.gov"},
    {"signin", Variant::plain, "aws-iso-b", "{r}.signin.sc2shome.sgov.gov"},
    {"signin", Variant::plain, "aws-iso-e", "{r}.signin.csphome.adc-e.uk"},
    {"signin", Variant::plain, "aws-iso-f", "{r}.signin.csphome.hci.ic.gov"},
    {"signin", Variant::plain, "aws-eusc", "{r}.signin.amazonaws-eusc.eu"},
    {"signin", Variant::fips, "us-gov-west-1", "signin-fips.amazonaws-us-gov.com"},
    {"signin", Variant::fips, "aws-us-gov", "{r}.signin-fips.amazonaws-us-gov.com"},
});

// Regions older than regional STS; only they know the legacy setting.
constexpr auto legacy_sts_regions = std::to_array<std::string_view>(
    {"ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "aws-global",
     "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3",
     "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"});

Error wrong(std::string message) {
  return {
      .code = ErrorCode::invalid_request, .phase = Phase::request, .message = std::move(message)};
}

const Partition& partition_of(std::string_view region) noexcept {
  for (const Partition& partition : partitions) {
    const bool pseudo =
        region.ends_with("-global") && region.substr(0, region.size() - 7) == partition.id;
    if (pseudo || region.starts_with(partition.region_prefix)) return partition;
  }
  return partitions.back();
}

Variant variant_of(const AwsEndpointSettings& settings) noexcept {
  const bool dual_stack = settings.dual_stack.value_or(false);
  if (settings.fips.value_or(false)) return dual_stack ? Variant::both : Variant::fips;
  return dual_stack ? Variant::dual_stack : Variant::plain;
}

std::string_view exception_for(std::string_view service, Variant variant, std::string_view region,
                               const Partition& partition) noexcept {
  for (const Exception& row : exceptions) {
    if (row.service == service && row.variant == variant &&
        (row.where == region || row.where == partition.id)) {
      return row.host;
    }
  }
  return "";
}

std::string_view host_of(const Service& service, Variant variant, std::string_view region,
                         const Partition& partition) noexcept {
  std::string_view host = exception_for(service.name, variant, region, partition);
  // Where it has no host of its own, OAuth is served by the ordinary one.
  if (host.empty() && service.name == "signin-oauth")
    host = exception_for("signin", variant, region, partition);
  if (!host.empty()) return host;
  return variant == Variant::fips || variant == Variant::both ? service.fips_host : service.host;
}

Result<ResolvedEndpoint> custom(const AwsEndpointSettings& settings, std::string_view region) {
  if (variant_of(settings) != Variant::plain) {
    return wrong(fmt::format(
        "the endpoint URL {} cannot be combined with {}: give the URL of such a host, or no URL",
        settings.url, settings.fips.value_or(false) ? "FIPS" : "dual-stack"));
  }
  auto url = check_base_url(settings.url, "the endpoint URL");
  if (!url) return std::move(url).error();
  return ResolvedEndpoint{.url = *std::move(url), .signing_region = std::string(region)};
}

Result<void> check_region(std::string_view service, std::string_view region) {
  if (region.empty()) {
    return wrong(
        fmt::format("no AWS region is known for {}: set AWS_REGION, or name one", service));
  }
  if (!is_host_label(region)) {
    return wrong(fmt::format("\"{}\" is no AWS region; expected one like \"eu-west-1\"",
                             clip(printable(region), 80)));
  }
  return {};
}

// What the variable says, else the profile; none if neither does. `name` becomes that of who spoke.
Result<std::optional<std::string>> shared_setting(const Environment& environment,
                                                  std::string_view& name,
                                                  std::string_view setting) {
  if (auto text = variable(environment, name)) return text;
  name = setting;
  return aws_profile_setting(environment, setting);
}

Error misfit(std::string_view name, std::string_view text, std::string_view expected) {
  return wrong(fmt::format("{} is \"{}\"; expected {}", name, clip(printable(text), 40), expected));
}

Result<std::optional<bool>> flag(const Environment& environment, std::string_view name,
                                 std::string_view setting) {
  const auto text = shared_setting(environment, name, setting);
  if (!text) return text.error();
  if (!*text) return std::optional<bool>();
  if (iequals(**text, "true")) return std::optional<bool>(true);
  if (iequals(**text, "false")) return std::optional<bool>(false);
  return misfit(name, **text, "true or false");
}

// "SSO_OIDC" for variables; in lower case for profiles.
std::string spelled(std::string_view service, bool upper) {
  std::string name;
  for (const char c : service) {
    const bool letter = c >= 'a' && c <= 'z';
    name += c == '-' || c == ' ' ? '_' : upper && letter ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

Result<std::string> configured_url(const Environment& environment, std::string_view service) {
  const auto ignored =
      flag(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls");
  if (!ignored) return ignored.error();
  if (ignored->value_or(false)) return std::string();
  for (const std::string& name :
       {"AWS_ENDPOINT_URL_" + spelled(service, true), std::string("AWS_ENDPOINT_URL")}) {
    if (const auto url = variable(environment, name)) return check_base_url(*url, name);
  }
  auto url = aws_service_setting(environment, spelled(service, false), "endpoint_url");
  if (url && !*url) url = aws_profile_setting(environment, "endpoint_url");
  if (!url) return std::move(url).error();
  if (!*url) return std::string();
  return check_base_url(**url, "endpoint_url of the AWS profile");
}

}  // namespace

Result<ResolvedEndpoint> resolve_aws_endpoint(std::string_view service, std::string_view region,
                                              const AwsEndpointSettings& settings) {
  const auto known = std::find_if(services.begin(), services.end(),
                                  [&](const Service& s) { return s.name == service; });
  if (known == services.end())
    return wrong(fmt::format("the hosts of \"{}\" are not known: give its URL", service));
  const Variant variant = variant_of(settings);
  const bool fips = variant == Variant::fips || variant == Variant::both;
  if (fips && known->fips_host.empty())
    return wrong(fmt::format("{} has no FIPS host: do not ask for FIPS there", service));
  if (!settings.url.empty()) return custom(settings, region);
  if (auto good = check_region(service, region); !good) return std::move(good).error();

  const Partition& partition = partition_of(region);
  const bool dual_stack = variant == Variant::dual_stack || variant == Variant::both;
  const std::string host =
      fmt::format(fmt::runtime(host_of(*known, variant, region, partition)), fmt::arg("r", region),
                  fmt::arg("s", dual_stack ? partition.dual_stack_suffix : partition.dns_suffix),
                  fmt::arg("d", partition.dual_stack_suffix));
  const bool global = region == "aws-global";
  return ResolvedEndpoint{.url = "https://" + host,
                          .signing_region = global ? "us-east-1" : std::string(region)};
}

Result<AwsEndpointSettings> aws_endpoint_settings(const Environment& environment,
                                                  std::string_view service,
                                                  AwsEndpointSettings given) {
  const auto fips = flag(environment, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
  if (!fips) return fips.error();
  const auto dual_stack = flag(environment, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
  if (!dual_stack) return dual_stack.error();
  if (!given.fips) given.fips = *fips;
  if (!given.dual_stack) given.dual_stack = *dual_stack;
  if (!given.url.empty()) return given;
  auto url = configured_url(environment, service);
  if (!url) return std::move(url).error();
  given.url = *std::move(url);
  return given;
}

Result<ResolvedEndpoint> find_aws_endpoint(const Environment& environment, std::string_view service,
                                           std::string_view region, AwsEndpointSettings given) {
  const auto settings = aws_endpoint_settings(environment, service, std::move(given));
  if (!settings) return settings.error();
  return resolve_aws_endpoint(service, region, *settings);
}

Result<RetryPolicy> aws_retry_policy(const Environment& environment) {
  RetryPolicy policy;
  std::string_view name = "AWS_RETRY_MODE";
  const auto mode = shared_setting(environment, name, "retry_mode");
  if (!mode) return mode.error();
  if (*mode) {
    const std::string text = to_lower(**mode);
    if (text != "standard" && text != "adaptive" && text != "legacy")
      return misfit(name, **mode, "standard or adaptive");
    if (text == "adaptive") policy.mode = RetryMode::adaptive;
  }
  name = "AWS_MAX_ATTEMPTS";
  const auto attempts = shared_setting(environment, name, "max_attempts");
  if (!attempts) return attempts.error();
  if (!*attempts) return policy;
  const std::string& text = **attempts;
  const auto [end, failure] =
      std::from_chars(text.data(), text.data() + text.size(), policy.max_attempts);
  const bool whole = failure == std::errc() && end == text.data() + text.size();
  if (!whole || policy.max_attempts < 1) return misfit(name, text, "a number, 1 or more");
  return policy;
}

std::string_view aws_dns_suffix(std::string_view region) noexcept {
  return partition_of(region).dns_suffix;
}

std::string sts_region(const Environment& environment, std::string_view region) {
  const auto mode = variable(environment, "AWS_STS_REGIONAL_ENDPOINTS");
  const bool legacy = mode && iequals(*mode, "legacy") &&
                      std::find(legacy_sts_regions.begin(), legacy_sts_regions.end(), region) !=
                          legacy_sts_regions.end();
  return legacy ? "aws-global" : std::string(region);
}

}  // namespace ek
