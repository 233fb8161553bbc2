// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/policy_file.h"

#include <utility>

#include <tobari/base/log.h>
#include <tobari/policy/yaml_loader.h>

namespace tobari::broker {

Result<void> PolicyFile::load() {
  policy::Loaded loaded = policy::load_file(file_);
  std::string first;
  for (const policy::Finding& finding : loaded.findings) {
    const std::string text = policy::describe(finding, file_.string());
    log::warning("policy", {{"finding", text}});
    if (finding.severity == policy::Severity::kError && first.empty()) first = text;
  }
  if (!loaded.policy.has_value()) return fail(Errc::kInvalidArgument, first.empty() ? "no policy was read" : first);
  const std::scoped_lock lock(mutex_);
  policy_ = std::make_shared<policy::PolicySet>(std::move(*loaded.policy));
  return {};
}

std::shared_ptr<const policy::PolicySet> PolicyFile::current() const {
  const std::scoped_lock lock(mutex_);
  return policy_;
}

AccessAnswer PolicyFile::decide(const AccessQuestion& question) const {
  const auto policy = current();
  const policy::Request request{.user = question.user,
                                .groups = {},
                                .pool = "",
                                .desktop_id = question.desktop_id,
                                .address = policy::IpAddress::parse(question.client_address)};
  const policy::Decision decision = policy::decide(*policy, request, question.what);
  AccessAnswer answer{.allowed = decision.allowed, .rule = decision.rule, .reason = decision.reason, .grant = {}};
  if (decision.allowed && question.what == "connect") answer.grant = policy::make_grant(*policy, request);
  return answer;
}

}  // namespace tobari::broker
