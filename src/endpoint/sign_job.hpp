// The signing of one attempt, which may need a token first: work that can be given to another
// thread.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "endpointkit/ext/transport.hpp"
#include "signing/signer.hpp"

namespace ek {

/// Made and read by one thread, run by the same or another; done() tells when it may be read.
class SignJob {
 public:
  SignJob(std::shared_ptr<Signer> signer, HttpRequest request, SignContext context)
      : signer_(std::move(signer)), request_(std::move(request)), context_(std::move(context)) {}

  /// Signs if no token has to be fetched for it; else false, and nothing has happened.
  bool run_at_once() {
    notes_ = {.may_fetch = false};
    auto proof = sign();
    if (notes_.due) return false;
    finish(std::move(proof));
    return true;
  }
  /// Signs; blocks while a token is fetched. Gives the error of the fetch if it is one for all who
  /// wait for that token, and none of this job's own.
  std::optional<Error> run() {
    notes_ = {};
    Result<std::vector<Header>> proof = sign();
    std::optional<Error> of_all;
    if (!proof && notes_.made && proof.error().code != ErrorCode::cancelled &&
        proof.error().code != ErrorCode::timeout) {
      of_all = proof.error();
    }
    finish(std::move(proof));
    return of_all;
  }
  /// In place of run().
  void fail(Error error) { finish(std::move(error)); }
  [[nodiscard]] const Signer& signer() const noexcept { return *signer_; }
  [[nodiscard]] bool done() const noexcept { return done_.load(std::memory_order_acquire); }

  // Once it is done.
  [[nodiscard]] HttpRequest& request() noexcept { return request_; }
  [[nodiscard]] Result<std::vector<Header>>& proof() noexcept { return *proof_; }
  [[nodiscard]] bool fetched() const noexcept { return notes_.made; }

 private:
  Result<std::vector<Header>> sign() {
    SignContext context = context_;
    context.notes = &notes_;
    return signer_->sign(request_, context);
  }
  void finish(Result<std::vector<Header>> proof) {
    proof_ = std::move(proof);
    done_.store(true, std::memory_order_release);
  }

  const std::shared_ptr<Signer> signer_;
  HttpRequest request_;
  const SignContext context_;
  FetchNotes notes_;
  std::optional<Result<std::vector<Header>>> proof_;
  std::atomic<bool> done_ = false;
};

}  // namespace ek
