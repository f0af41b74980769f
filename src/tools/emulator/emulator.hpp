// The three clouds on one loopback port, for tests that want real sockets, real signatures and real
// framings without an account. It verifies what it is sent: whoever has no proof, or an old or a
// wrong one, gets the provider's own error.
//
//   auto emulator = ek::emulator::Emulator::start({});
//   for (const auto& [name, value] : (*emulator)->environment()) setenv(name.c_str(), …);
//   …
//   (*emulator)->stop();
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "endpointkit/error.hpp"
#include "endpointkit/secret.hpp"

namespace ek::emulator {

struct Options {
  std::string host = "127.0.0.1";
  int port = 0;      ///< 0 takes a free one.
  bool tls = false;  ///< HTTPS in place of http, with HTTP/2 for who offers it.
  /// Where the certificate goes that clients must trust then, and environment() names it.
  std::string ca_file{};
  double tokens_per_second = 0;          ///< Pace of the emulator's own model; 0 is at once.
  std::optional<std::uint64_t> seed{};   ///< Makes keys and secrets the same at each start.
  std::string region = "us-east-1";      ///< That AWS signatures must name.
  std::string location = "us-central1";  ///< Of Vertex AI, in environment(); any is served.
  bool session_token = false;            ///< AWS keys are temporary and need their token.
  bool azure_key = false;  ///< environment() has the Azure ML key, which clients prefer to Entra.
  std::chrono::seconds token_lifetime{3599};
  /// Where the Google key file goes; its directory must exist. "" writes none, and environment()
  /// does not name one.
  std::string google_key_file{};
  /// Where clients are to find their identity instead of keys, one or more of identity_names() in
  /// identity.hpp: environment() then names these places.
  std::vector<std::string> identities{};
  std::string identity_folder{};  ///< For the files that they need.
  /// PEM or PFX file with the certificate that is registered for the Entra application, and its
  /// key.
  std::string entra_certificate{};
  std::string upstream{};        ///< Base URL of a server with /v1/chat/completions; "" is none.
  std::string upstream_model{};  ///< In place of the model that the caller names.
  Secret upstream_key{};         ///< Sent to it as Bearer.
  std::vector<std::string> faults{};  ///< For all calls of models; see faults.hpp.
  std::string forward{};              ///< Base URL of a real service that is asked instead.
  std::string record_folder{};        ///< Each call of a model is written there; "" nowhere.
  std::string replay_folder{};        ///< Recordings to serve in place of the models.
  double replay_speed = 1;            ///< 2 is twice as fast as it was, 0 at once.
  int connections = 1024;             ///< Served at once; each one that is open has a thread.
  std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now;
  /// One line for each request answered: method, path, status, never a secret. Any thread.
  std::function<void(const std::string& line)> log{};
};

struct Service;

/// A running emulator. stop() and the destructor end it; streams under way are cut.
class Emulator {
 public:
  /// Listens when it returns.
  /// Errors: invalid_request for options that make no sense; transport/connect if the port is
  /// taken; those of writing the key file.
  static Result<std::unique_ptr<Emulator>> start(Options options);
  ~Emulator();
  Emulator(const Emulator&) = delete;
  Emulator& operator=(const Emulator&) = delete;

  [[nodiscard]] int port() const noexcept;
  /// "http://127.0.0.1:PORT", or https.
  [[nodiscard]] const std::string& base_url() const noexcept;
  /// The variables by which EndpointKit, and the clouds' own SDKs, find this emulator and its keys.
  /// They hold secrets.
  [[nodiscard]] const std::map<std::string, std::string>& environment() const noexcept;
  /// The service account's key file as JSON text: a secret.
  [[nodiscard]] Secret google_key_json() const;
  /// What stands in the file that Azure Arc's challenge names.
  [[nodiscard]] Secret arc_key() const;
  /// The Azure ML key, whether or not environment() has it.
  [[nodiscard]] Secret azure_key() const;
  /// What GET /_emulator/stats answers.
  [[nodiscard]] std::string stats_json() const;
  /// Returns when no thread of it is left, which takes no longer than one chunk of a stream.
  void stop();

 private:
  struct Running;
  explicit Emulator(std::unique_ptr<Running> running);
  std::unique_ptr<Running> running_;
};

/// `variables` as lines that a POSIX shell can source: export NAME='value'. What else the clouds'
/// default chains read is unset before, so that nothing of the shell's own takes part.
std::string shell_exports(const std::map<std::string, std::string>& variables);
/// Writes a file that only its owner can read (0600), or replaces one.
/// Errors: invalid_request, with the path and the system's reason.
Result<void> write_private_file(const std::string& path, std::string_view text);
/// Removes what an earlier run left there, so that who waits for the file gets no stale one.
/// Errors: as above; none if there is nothing.
Result<void> remove_old_file(const std::string& path);

}  // namespace ek::emulator
