// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <optional>
#include <vector>

#include "subject.h"

namespace tobari::policy {
namespace {

constexpr Truth truth(bool yes) noexcept { return yes ? Truth::kYes : Truth::kNo; }

// The best that one entry of a list says; an empty list states nothing.
template <class Entry, class Ask>
Truth one_of(const std::vector<Entry>& list, const Ask& ask) {
  if (list.empty()) return Truth::kYes;
  Truth best = Truth::kNo;
  for (const Entry& entry : list) best = std::max(best, ask(entry));
  return best;
}

// The same of a value that may not be known.
template <class Entry, class Value, class Ask>
Truth one_of(const std::vector<Entry>& list, const std::optional<Value>& value, const Ask& ask) {
  if (!list.empty() && !value) return Truth::kUnknown;
  return one_of(list, [&](const Entry& entry) { return ask(entry, *value); });
}

Truth in_group(const Who& who, std::span<const GroupId> ids, const Subject& subject) {
  if (who.groups.empty()) return Truth::kYes;
  if (std::ranges::any_of(ids, [&subject](GroupId id) { return subject.groups.has(id); })) return Truth::kYes;
  return subject.request.groups_known ? Truth::kNo : Truth::kUnknown;
}

Truth is_client(const ClientMatch& match, const std::string& kind, const std::optional<ClientVersion>& version) {
  if (match.kind != kind) return Truth::kNo;
  if (!match.versions) return Truth::kYes;
  return version ? truth(match.versions->has(*version)) : Truth::kUnknown;
}

bool is_certificate(const CertificateMatch& match, const DeviceCertificate& shown) {
  return match.sha256 ? match.sha256 == shown.sha256 : match.issuer == shown.issuer;
}

Truth within(const std::optional<Range<std::uint32_t>>& range, const std::optional<std::uint32_t>& number) {
  if (!range) return Truth::kYes;
  return number ? truth(range->has(*number)) : Truth::kUnknown;
}

// What several statements are worth together; no further one needs to be asked once it is kNo.
struct Together {
  Truth truth = Truth::kYes;
  bool with(Truth next) noexcept {
    truth = std::min(truth, next);
    return truth != Truth::kNo;
  }
};

}  // namespace

Truth holds(const Who& who, std::span<const GroupId> group_ids, const Subject& subject) {
  const Request& request = subject.request;
  const auto is_user = [&request](const std::string& user) { return truth(user == request.user); };
  const auto same = [](const std::string& a, const std::string& b) { return truth(a == b); };
  const auto among = [](const std::string& label, const std::vector<std::string>& labels) {
    return truth(std::ranges::find(labels, label) != labels.end());
  };
  Together all;
  static_cast<void>(all.with(one_of(who.users, is_user)) && all.with(in_group(who, group_ids, subject)) &&
                    all.with(one_of(who.pools, request.pool, same)) &&
                    all.with(one_of(who.labels, request.labels, among)));
  return all.truth;
}

Truth holds_now(const Conditions& conditions, const Request& request) {
  const auto open = [](const Window& window, std::chrono::sys_seconds time) { return truth(window.is_open(time)); };
  Together all;
  static_cast<void>(all.with(within(conditions.mfa, request.mfa_level)) &&
                    all.with(within(conditions.sessions, request.sessions)) &&
                    all.with(one_of(conditions.windows, request.time, open)));
  return all.truth;
}

Truth holds_with(const Conditions& conditions, Effect effect, const Request& request) {
  const auto client = [&request](const ClientMatch& match, const std::string& kind) {
    return is_client(match, kind, request.client_version);
  };
  const auto certificate = [](const CertificateMatch& match, const DeviceCertificate& shown) {
    return truth(is_certificate(match, shown));
  };
  const auto usb = [effect](const UsbMatch& match, const UsbPart& part) {
    return truth(match.matches(part, effect == Effect::kDeny));
  };
  Together all;
  static_cast<void>(all.with(one_of(conditions.clients, request.client_kind, client)) &&
                    all.with(one_of(conditions.certificates, request.certificate, certificate)) &&
                    all.with(one_of(conditions.usb, request.usb, usb)));
  return all.truth;
}

}  // namespace tobari::policy
