// SPDX-License-Identifier: GPL-3.0-or-later
#include <chrono>
#include <optional>
#include <print>

#include "policy_tools.h"
#include "policy_words.h"

namespace tobari::cli {
namespace {

void print_detail(const char* what, const std::string& words) {
  if (!words.empty()) std::println("{:<22}{}: {}", "", what, words);
}

void print_decision(const std::string& file, std::string_view name, const policy::Channel& channel,
                    const policy::Decision& decision) {
  const std::string where = decision.line > 0 ? " (" + file + ":" + std::to_string(decision.line) + ")" : "";
  const char* closed = decision.allowed && !channel.available ? "; closed all the same: not in this version yet" : "";
  std::println("{:<21} {:<7} {}{}{}", name, decision.allowed ? "allowed" : "denied", decision.reason, where, closed);
  if (!decision.allowed) return;
  print_detail("limits", words_of(decision.limits));
  print_detail("requires", words_of(decision.require));
}

void print_network(const char* direction, const std::optional<std::vector<policy::NetworkEntry>>& entries) {
  if (!entries) return;
  std::println("{}, the first that matches:", direction);
  for (const policy::NetworkEntry& entry : *entries) std::println("  {}", words_of(entry));
  std::println("  deny   everything else");
}

// One line an interface; whether all of them are allowed.
bool explain_device(const ExplainOptions& options, const policy::PolicySet& policy, const policy::Request& request,
                    const policy::DeviceDescription& device) {
  const policy::Channel& channel = policy::kChannels[policy::find_channel("usb").value()];
  const auto decisions = decide_device(policy, request, device);
  bool all = true;
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    print_decision(options.file, std::format("usb interface {:#04x}", device.interface_classes[i]), channel,
                   decisions[i]);
    all = all && decisions[i].allowed;
  }
  return all;
}

}  // namespace

int explain_policy(const ExplainOptions& options) {
  auto request =
      request_of(options.request, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  const auto device = device_of(options.request);
  if (!request || !device) {
    std::println(stderr, "{}", request ? device.error() : request.error());
    return kUnusable;
  }
  request->user = options.user;
  if (!options.what.empty() && !policy::find_channel(options.what)) {
    std::println(stderr, "there is no channel '{}'; leave --what out to see them all", options.what);
    return kUnusable;
  }
  const policy::Loaded loaded = policy::load_file(options.file);
  if (!loaded.policy) {
    print_findings(loaded.findings, options.file);
    return kUnusable;
  }
  bool all_allowed = true;
  for (const policy::Channel& channel : policy::kChannels) {
    if (!options.what.empty() && channel.name != options.what) continue;
    if (channel.name == "usb" && *device) {
      all_allowed = explain_device(options, *loaded.policy, *request, **device) && all_allowed;
      continue;
    }
    const policy::Decision decision = decide(*loaded.policy, *request, channel.name);
    print_decision(options.file, channel.name, channel, decision);
    all_allowed = all_allowed && decision.allowed;
  }
  if (!options.what.empty()) return all_allowed ? kGood : kNo;
  const policy::DesktopNetwork network = loaded.policy->desktop_network(*request);
  print_network("egress", network.egress);
  print_network("ingress", network.ingress);
  return kGood;
}

}  // namespace tobari::cli
