// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/policy_file.h"

#include <chrono>
#include <string_view>
#include <utility>

#include <tobari/base/log.h>

#include "daemon/device_authorities.h"

namespace tobari::broker {
namespace {

// No directory names groups: these are known to be none.
policy::Request request_about(const std::string& user, const std::string& desktop_id) {
  policy::Request request;
  request.user = user;
  request.desktop_id = desktop_id;
  return request;
}

policy::Request request_of(const AccessQuestion& question, Clock::Wall now) {
  policy::Request request = request_about(question.user, question.desktop_id);
  request.pool = question.pool;
  request.labels = question.labels;
  request.address = policy::IpAddress::parse(question.client_address);
  if (!question.client.empty()) {
    const std::size_t slash = question.client.find('/');
    request.client_kind = question.client.substr(0, slash);
    if (slash != std::string::npos) {
      request.client_version = policy::ClientVersion::parse(std::string_view(question.client).substr(slash + 1));
    }
  }
  request.time = std::chrono::floor<std::chrono::seconds>(now);
  request.mfa_level = question.mfa_level;
  request.sessions = question.sessions;
  request.certificate = question.device;
  return request;
}

}  // namespace

Result<void> PolicyFile::load() { return replace(policy::load_file(file_), file_.string()); }

Result<void> PolicyFile::put(std::string_view text, const std::string& name) {
  return replace(policy::load_text(text), name);
}

Result<void> PolicyFile::replace(policy::Loaded loaded, const std::string& name) {
  std::string first;
  for (const policy::Finding& finding : loaded.findings) {
    const std::string text = policy::describe(finding, name);
    log::warning("policy", {{"finding", text}});
    if (finding.severity == policy::Severity::kError && first.empty()) first = text;
  }
  if (!loaded.policy.has_value()) return fail(Errc::kInvalidArgument, first.empty() ? "no policy was read" : first);
  for (const policy::Finding& finding : check_device_rules(*loaded.policy, device_authorities_)) {
    log::warning("policy", {{"finding", policy::describe(finding, name)}});
  }
  {
    const std::scoped_lock lock(mutex_);
    policy_ = std::make_shared<policy::PolicySet>(std::move(*loaded.policy));
  }
  if (changed_) changed_();
  return {};
}

std::shared_ptr<const policy::PolicySet> PolicyFile::current() const {
  const std::scoped_lock lock(mutex_);
  return policy_;
}

policy::DesktopNetwork PolicyFile::network_of(const Desktop& desktop) const {
  policy::Request request = request_about(desktop.user_name, desktop.id.str());
  request.pool = desktop.pool_name;
  request.labels = desktop.labels;
  return current()->desktop_network(request);
}

AccessAnswer PolicyFile::decide(const AccessQuestion& question) const {
  const auto policy = current();
  const policy::Request request = request_of(question, clock_.wall());
  const policy::Decision decision = policy::decide(*policy, request, question.what);
  AccessAnswer answer{.allowed = decision.allowed, .rule = decision.rule, .reason = decision.reason, .grant = {}};
  if (decision.allowed && question.what == "connect") answer.grant = policy::make_grant(*policy, request);
  return answer;
}

}  // namespace tobari::broker
