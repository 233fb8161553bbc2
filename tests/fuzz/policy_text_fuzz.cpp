// SPDX-License-Identifier: GPL-3.0-or-later
// A policy file of any bytes: bounded, and either a policy or at least one error. A policy then decides whatever it is
// asked, and its laws hold. The same bytes as a table of expected decisions.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <tobari/policy/difference.h>
#include <tobari/policy/expectations.h>
#include <tobari/policy/yaml_loader.h>

namespace {

using namespace tobari::policy;

void require(bool good) {
  if (!good) std::abort();
}

bool check_findings(const std::vector<Finding>& findings) {
  bool error = false;
  for (const Finding& finding : findings) {
    error = error || finding.severity == Severity::kError;
    require(finding.line >= 0 && !finding.message.empty());
  }
  return error;
}

Request known() {
  Request request = usual_request(std::chrono::sys_days(std::chrono::year(2026) / 11 / 27));
  request.user = "alice";
  request.groups = {"g"};
  request.address = IpAddress::parse("10.0.0.1");
  request.usb = UsbPart{.vendor = 0x1050, .product = 0x0407, .serial = "1", .device_class = 0, .interface_class = 3};
  return request;
}

void ask(const PolicySet& policy, const Request& request) {
  for (ChannelIndex channel = 0; channel < kChannels.size(); ++channel) {
    const Decision decision = policy.decide(request, channel);
    require(!decision.reason.empty() && (!decision.allowed || !decision.rule.empty()));
    require(!decision.allowed || !decision.limits.formats.empty());
  }
  const Grant grant = make_grant(policy, request);
  require(grant.channels.empty() || grant.find("connect") != nullptr);
  require(grant.notices.size() <= kMaxNotices);
  const DesktopNetwork network = policy.desktop_network(request);
  require(network.egress.has_value() == policy.network().egress.has_value());
  const DeviceDescription device{
      .vendor = 0x1050, .product = 0x0407, .serial = "1", .device_class = 0, .interface_classes = {3, 11}};
  require(decide_device(policy, request, device).size() == 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Loaded loaded = load_text(text);
  require(loaded.policy.has_value() != check_findings(loaded.findings));
  if (loaded.policy) {
    ask(*loaded.policy, known());
    ask(*loaded.policy, {.user = "alice"});
    require(differences(*loaded.policy, *loaded.policy, {.users = {"alice"}, .usual = known()}).empty());
  }
  const LoadedExpectations table = load_expectations_text(text);
  require(table.expectations.empty() == check_findings(table.findings));
  for (const Expectation& expectation : table.expectations) {
    static_cast<void>(check_expectation(PolicySet(), expectation));
  }
  return 0;
}
