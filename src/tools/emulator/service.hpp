// What the emulated services share: who may call, what was issued, what was counted.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "tools/emulator/emulator.hpp"
#include "tools/emulator/exchange.hpp"
#include "tools/emulator/faults.hpp"
#include "tools/emulator/generation.hpp"
#include "tools/emulator/recording.hpp"
#include "tools/emulator/secrets.hpp"
#include "tools/emulator/server.hpp"
#include "tools/emulator/tls.hpp"

namespace ek::emulator {

/// What happened at one endpoint: how a test sees what its client would have paid for.
struct EndpointCount {
  int requests = 0;     ///< With a valid proof of identity.
  int refused = 0;      ///< Without one.
  int generations = 0;  ///< The model was started: what a provider would bill.
  int completed = 0;    ///< Its whole answer was handed out.
  int abandoned = 0;    ///< The client left, or the answer broke, before its end.
  long prompt_tokens = 0;
  long completion_tokens = 0;  ///< Of completed answers.
};

/// Counts by endpoint, "sagemaker/chat". Safe from all threads.
class Stats {
 public:
  template <class Change>
  void change(const std::string& endpoint, Change change) {
    const std::lock_guard lock(mutex_);
    change(counts_[endpoint]);
  }
  [[nodiscard]] EndpointCount at(const std::string& endpoint) const;
  /// {"endpoints":{NAME:{…}},"tokens_issued":{"google":n,"entra":n},"faults":{ORDER:n},
  /// "silences":{ORDER:n},"tls":{"http1":n,"http2":n,"resumed":n,"streams_reset":n}}
  [[nodiscard]] std::string json(const FaultBook& faults) const;

  std::atomic<int> google_tokens = 0;
  std::atomic<int> entra_tokens = 0;
  TlsCount tls{};

 private:
  mutable std::mutex mutex_;
  std::map<std::string, EndpointCount> counts_;
};

struct IssuedToken {
  std::string scope{};
  std::chrono::system_clock::time_point expiry{};
};

struct IssuedKeys {
  AwsKeys keys{};
  std::string arn{};
  std::chrono::system_clock::time_point expiry = std::chrono::system_clock::time_point::max();
};

/// What was issued or used, by its id. Safe from all threads.
template <class Item>
class Book {
 public:
  /// False if the id was there already; its item is another now.
  bool add(const std::string& id, Item item) {
    const std::lock_guard lock(mutex_);
    return items_.insert_or_assign(id, std::move(item)).second;
  }
  [[nodiscard]] std::optional<Item> find(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = items_.find(id);
    return found == items_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Item> items_;
};

/// Wakes every waiting generation when the emulator stops.
class StopFlag {
 public:
  void set();
  [[nodiscard]] bool is_set() const;
  /// False if the flag is or becomes set before the time is over.
  bool wait_for(std::chrono::nanoseconds time);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

/// Lives as long as the server.
struct Service {
  Options options;
  Secrets secrets;
  std::string base_url{};                 ///< "http://127.0.0.1:8123"
  std::string tls_url{};                  ///< "https://127.0.0.1:8124", if there is one.
  TlsCertificate tls{};                   ///< Shown there.
  TlsCertificate workload_certificate{};  ///< Registered with the workload identity pool.
  Stats stats{};
  Book<IssuedToken> google_tokens{};
  Book<IssuedToken> entra_tokens{};
  Book<IssuedToken> metadata_tokens{};  ///< Of the EC2 metadata service.
  Book<IssuedToken> sso_tokens{};       ///< Of IAM Identity Center.
  Book<IssuedToken> used_assertions{};  ///< Client assertions, which count once.
  Book<IssuedKeys> aws_keys{};          ///< By their access key id.
  FaultBook faults{};
  std::unique_ptr<Recorder> recorder{};  ///< Null if nothing is recorded.
  std::unique_ptr<Replay> replay{};      ///< In place of the models, or null.
  StopFlag stop{};

  /// The one provider of the one workload identity pool.
  [[nodiscard]] std::string_view google_audience() const noexcept {
    return "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/"
           "emulated/providers/emulated";
  }
};

/// An accident that the caller ordered, by the name of the endpoint or by a word in the prompt.
enum class Mishap { none, missing, busy, failing, broken, cut };
/// `name` is an endpoint, a model or a deployment; "flaky" is busy on every other request.
Mishap mishap_of(Service& service, const std::string& endpoint, std::string_view name);
/// Which of [failing], [broken] and [cut] the prompt holds, unless the name has said one already.
Mishap mishap_in(std::string_view prompt, Mishap by_name);

/// The model's answer, by the emulator's own or by the upstream, with `mishap` in the middle.
/// Counts it for `endpoint`.
/// Errors: model_error if the mishap or the upstream forbids a beginning; `original_status` is what
/// the model's server said.
Result<std::unique_ptr<Generation>> start_generation(Service& service, const std::string& endpoint,
                                                     const ChatCall& call, Mishap mishap);

// The emulated services. Each takes what is under its own paths.
Reply serve_sagemaker(Service& service, const Request& request);
Reply serve_vertex(Service& service, const Request& request);
Reply serve_google_token(Service& service, const Request& request);
Reply serve_entra(Service& service, const Request& request);
Reply serve_entra_metadata(Service& service, const Request& request);
Reply serve_azure_ml(Service& service, const Request& request);

// Where identities come from on each cloud's machines.
Reply serve_instance_metadata(Service& service, const Request& request);
Reply serve_container_keys(Service& service, const Request& request);
/// The path in AWS_CONTAINER_CREDENTIALS_RELATIVE_URI.
std::string ecs_path(const Service& service);
Reply serve_sts(Service& service, const Request& request);
Reply serve_sso_portal(Service& service, const Request& request);
Reply serve_sso_token(Service& service, const Request& request);
Reply serve_google_metadata(Service& service, const Request& request);
Reply serve_google_sts(Service& service, const Request& request);
Reply serve_google_impersonation(Service& service, const Request& request);
Reply serve_managed_identity(Service& service, const Request& request);

/// The service that a path belongs to, and its answer; 404 for others. In routes.cpp.
Reply serve(Service& service, const Request& request);
/// Whose model a path calls: "sagemaker", "vertex" or "azureml"; "" for other paths. In routes.cpp.
std::string_view cloud_of(const Request& request) noexcept;
/// The answer of the real service at options.forward, asked as we were; 502 if it gives none. In
/// forward.cpp.
Reply forward(Service& service, const Request& request);
/// serve(), with what was ordered to happen to calls of models. In handle.cpp.
Reply handle(Service& service, const Request& request);

}  // namespace ek::emulator
