// SPDX-License-Identifier: GPL-3.0-or-later
#include "auth/authenticator.h"

#include <algorithm>
#include <format>
#include <future>
#include <thread>
#include <utility>

#include <tobari/base/log.h>
#include <tobari/base/random.h>

#include "auth/password.h"
#include "core/names.h"
#include "core/sha256.h"

namespace tobari::broker {
namespace {

constexpr const char* kRefused = "the user name or the password is wrong";

}  // namespace

std::size_t hashers() noexcept {
  return std::clamp<std::size_t>(std::jthread::hardware_concurrency() / 2, 1, kMaxHashers);
}

Result<std::unique_ptr<Authenticator>> Authenticator::create(StateStore& store, const Clock& clock) {
  TOBARI_ASSIGN(std::string decoy, hash_password(random_token()));
  return std::unique_ptr<Authenticator>(new Authenticator(store, clock, std::move(decoy)));
}

Authenticator::Authenticator(StateStore& store, const Clock& clock, std::string decoy_hash)
    : store_(store), clock_(clock), decoy_hash_(std::move(decoy_hash)) {}

std::expected<Authenticator::SignedIn, Authenticator::Refusal> Authenticator::sign_in(
    const std::string& name, std::string_view password, const std::string& client_address) {
  {
    const std::scoped_lock lock(throttle_mutex_);
    if (const auto wait = throttle_.take(name, client_address, clock_.now())) {
      log::warning("sign-in throttled", {{"client", client_address}, {"wait_s", std::to_string(wait->count())}});
      return std::unexpected(Refusal{
          fail(Errc::kExhausted, std::format("too many attempts: try again in {} s", wait->count())).error(), *wait});
    }
  }
  auto user = find_and_verify(name, password);
  if (user.has_value()) {
    auto signed_in = issue_token(std::move(*user), client_address);
    if (!signed_in.has_value()) return std::unexpected(Refusal{std::move(signed_in).error(), {}});
    const std::scoped_lock lock(throttle_mutex_);
    throttle_.give_back(name, client_address);
    return std::move(*signed_in);
  }
  if (user.error().code == Errc::kUnauthenticated) {
    // A name that is no name is not written down: people type passwords there.
    const std::string object = is_user_name(name) ? name : "(not a user name)";
    const auto recorded = store_.record({.actor = "broker",
                                         .action = "login",
                                         .object = object,
                                         .client_address = client_address,
                                         .outcome = Outcome::kDenied,
                                         .rule = "",
                                         .detail = "wrong user name or password"});
    if (!recorded.has_value()) return std::unexpected(Refusal{recorded.error(), {}});
  }
  return std::unexpected(Refusal{std::move(user).error(), {}});
}

bool Authenticator::is_to_clean() {
  const std::scoped_lock lock(throttle_mutex_);
  const auto now = clock_.now();
  if (cleaned_at_.has_value() && now < *cleaned_at_ + kCleanEvery) return false;
  cleaned_at_ = now;
  return true;
}

// On a thread that gives way to others. With too many waiting already, here.
bool Authenticator::verified(const std::string& hash, std::string_view password) {
  const auto right = std::make_shared<std::promise<bool>>();  // still being set when the waiter has gone on
  const bool taken = hashing_.post([right, &hash, password] { right->set_value(verify_password(hash, password)); });
  return taken ? right->get_future().get() : verify_password(hash, password);
}

Result<User> Authenticator::find_and_verify(const std::string& name, std::string_view password) {
  auto user = store_.get([&name](const Reader& reader) { return reader.user_by_name(name); });
  if (!user.has_value() && user.error().code != Errc::kNotFound) return std::unexpected<Error>(user.error());
  const bool right = verified(user.has_value() ? user->password_hash : decoy_hash_, password);
  if (!user.has_value() || !right) return fail(Errc::kUnauthenticated, kRefused);
  return user;
}

Result<Authenticator::SignedIn> Authenticator::issue_token(User user, const std::string& client_address) {
  SignedIn made{std::move(user), random_token(), clock_.wall() + kTokenLifetime};
  const bool cleans = is_to_clean();
  auto stored = store_.act([this, &made, &client_address, cleans](Writer& writer) -> Result<AuditDraft> {
    // The password was right a moment ago; the user may be gone or changed by now.
    TOBARI_ASSIGN(const User now, writer.user(made.user.id));
    if (now.password_hash != made.user.password_hash) return fail(Errc::kUnauthenticated, kRefused);
    if (cleans) TOBARI_TRY(writer.remove_expired(clock_.wall()));
    TOBARI_TRY(writer.add_token({sha256_hex(made.token), made.user.id, made.expires_at}));
    return AuditDraft{.actor = made.user.name,
                      .action = "login",
                      .object = made.user.name,
                      .client_address = client_address,
                      .outcome = Outcome::kAllowed,
                      .rule = "",
                      .detail = ""};
  });
  TOBARI_TRY(std::move(stored));
  return made;
}

Result<Caller> Authenticator::check_token(std::string_view token) {
  if (token.empty()) return fail(Errc::kUnauthenticated, "sign in first");
  Caller caller{.user = {}, .token_sha256 = sha256_hex(token)};
  auto user = store_.get([this, &caller](const Reader& reader) -> Result<User> {
    TOBARI_ASSIGN(const Token found, reader.token(caller.token_sha256));
    if (found.expires_at <= clock_.wall()) return fail(Errc::kNotFound, "expired");
    return reader.user(found.user);
  });
  if (!user.has_value()) {
    if (user.error().code != Errc::kNotFound) return std::unexpected<Error>(user.error());
    return fail(Errc::kUnauthenticated, "the sign-in has expired or was ended: sign in again");
  }
  caller.user = std::move(*user);
  return caller;
}

Result<void> Authenticator::sign_out(const Caller& caller, const std::string& client_address) {
  return store_.act([&caller, &client_address](Writer& writer) -> Result<AuditDraft> {
    TOBARI_TRY(writer.remove_token(caller.token_sha256));
    return AuditDraft{.actor = caller.user.name,
                      .action = "logout",
                      .object = caller.user.name,
                      .client_address = client_address,
                      .outcome = Outcome::kDone,
                      .rule = "",
                      .detail = ""};
  });
}

}  // namespace tobari::broker
