// SPDX-License-Identifier: GPL-3.0-or-later
// A device's own description of itself (USB 2.0, 9.5 and 9.6), as far as rules look at it. Strict: a device that does
// not describe itself properly is none that a rule could allow. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/policy/usb.h>

namespace tobari::policy {

// Of one device, all of its configurations together. What is beyond this no real device has.
inline constexpr std::size_t kMaxUsbDescriptorBytes = std::size_t{64} * 1024;
inline constexpr std::size_t kMaxUsbConfigurations = 8;
inline constexpr std::size_t kMaxUsbInterfaces = 256;  // alternate settings count, too

struct UsbDescriptors {
  DeviceDescription device;  // when `problem` is empty
  std::string problem{};     // a sentence
};

// `device`: the device descriptor; `configurations`: each whole, as GET_DESCRIPTOR(CONFIGURATION) gives it, as many as
// the device descriptor says that there are; `serial`: the string that iSerialNumber names, empty when it names none.
[[nodiscard]] UsbDescriptors parse_usb_descriptors(std::span<const std::byte> device,
                                                   std::span<const std::span<const std::byte>> configurations,
                                                   std::string_view serial);

}  // namespace tobari::policy
