// SPDX-License-Identifier: GPL-3.0-or-later
// A device's descriptors, made up. Properties: every interface of a description that is taken is one that was there, in
// its place; nothing is more than a device may have; what allows none of the classes allows no part.
#include <string>
#include <vector>

#include <tobari/policy/policy_set.h>
#include <tobari/policy/usb_descriptors.h>

#include "input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tobari::policy;
  using tobari::fuzz::require;
  tobari::fuzz::Input in(data, size);
  const std::size_t count = in.u8() % (kMaxUsbConfigurations + 2);
  const std::string serial(in.u8() % 3, 's');
  const auto device = in.bytes(in.u8() % 24);
  std::vector<std::span<const std::byte>> configurations;
  for (std::size_t i = 0; i < count; ++i) configurations.push_back(in.bytes(in.u16()));
  const UsbDescriptors parsed = parse_usb_descriptors(device, configurations, serial);
  if (!parsed.problem.empty()) {
    require(parsed.device.interface_classes.empty());
    return 0;
  }
  require(device.size() == 18 && !parsed.device.interface_classes.empty());
  require(parsed.device.interface_classes.size() <= kMaxUsbInterfaces);
  const auto decisions = decide_device(PolicySet(), {.user = "u"}, parsed.device);
  require(decisions.size() == parsed.device.interface_classes.size());
  for (const Decision& decision : decisions) require(!decision.allowed);
  return 0;
}
