// Which hosts the URLs of a credential file may name. Such files come from strangers: a token_url,
// an impersonation URL or a metadata URL of their choice would send them assertions, tokens or
// files of this machine. Every URL passes here while its file is read, before anything is sent.
// https://cloud.google.com/docs/authentication/external/externally-sourced-credentials
#pragma once

#include <string>
#include <string_view>

#include "endpointkit/error.hpp"

namespace ek {

inline constexpr std::string_view default_universe = "googleapis.com";

/// The "universe_domain" of a file, which is the default one where it is empty. A universe is
/// trusted only when the machine is in it too: see make_google_signer().
/// Errors: as below, if it is no domain name.
Result<std::string> check_universe(const std::string& universe_domain);

/// A service of Google: https on a host of `universe`, of googleapis.com or on accounts.google.com;
/// or this very machine, for emulators. Errors: authentication/credentials, naming `member`, what
/// is trusted, and the URL without its query.
Result<void> check_google_url(std::string_view member, const std::string& url,
                              std::string_view universe);

/// The mail in ".../v1/projects/-/serviceAccounts/MAIL:generateAccessToken" on such a host.
Result<std::string> check_impersonation_url(const std::string& url, std::string_view universe);

/// A metadata service of EC2: http on 169.254.169.254 or [fd00:ec2::254].
Result<void> check_aws_metadata_url(std::string_view member, const std::string& url);

/// The question that AWS answers to Google: GetCallerIdentity at "sts.{region}.amazonaws.com" and
/// nothing else, since it is signed with the keys of this machine.
Result<void> check_caller_identity_url(const std::string& url);

/// An identity provider may be anywhere; it is sent only what stands in the file itself.
Result<void> check_provider_url(const std::string& url);

}  // namespace ek
