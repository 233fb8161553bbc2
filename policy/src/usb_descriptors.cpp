// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/usb_descriptors.h>

#include <cstdint>
#include <optional>
#include <set>
#include <utility>

namespace tobari::policy {
namespace {

constexpr std::uint8_t kDevice = 1, kConfiguration = 2, kInterface = 4;  // bDescriptorType, table 9-5
constexpr std::size_t kDeviceSize = 18, kConfigurationSize = 9, kInterfaceSize = 9;

unsigned octet(std::span<const std::byte> data, std::size_t at) { return std::to_integer<unsigned>(data[at]); }
unsigned word(std::span<const std::byte> data, std::size_t at) { return octet(data, at) | octet(data, at + 1) << 8; }

// Appends the classes of a configuration's interfaces; a problem when it does not describe itself properly.
std::optional<const char*> read_configuration(std::span<const std::byte> data, std::vector<std::uint8_t>& classes) {
  if (data.size() < kConfigurationSize || octet(data, 0) != kConfigurationSize || octet(data, 1) != kConfiguration) {
    return "a configuration that does not begin with its descriptor";
  }
  if (word(data, 2) != data.size()) return "a configuration whose length is not that of its descriptors";
  const unsigned promised = octet(data, 4);
  std::set<unsigned> numbers;
  std::set<std::pair<unsigned, unsigned>> settings;
  for (auto rest = data.subspan(kConfigurationSize); !rest.empty();) {
    const std::size_t length = octet(rest, 0);
    if (length < 2 || length > rest.size()) return "a descriptor that does not fit into its configuration";
    const unsigned type = octet(rest, 1);
    if (type == kDevice || type == kConfiguration) return "a descriptor where it cannot be";
    if (type == kInterface) {
      if (length < kInterfaceSize) return "an interface descriptor that is too short";
      const unsigned number = octet(rest, 2);
      if (!settings.emplace(number, octet(rest, 3)).second) return "an interface that is described twice";
      if (classes.size() >= kMaxUsbInterfaces) return "more interfaces than a device may have";
      numbers.insert(number);
      classes.push_back(static_cast<std::uint8_t>(octet(rest, 5)));
    }
    rest = rest.subspan(length);
  }
  if (numbers.size() != promised) return "another number of interfaces than it says";
  return std::nullopt;
}

}  // namespace

UsbDescriptors parse_usb_descriptors(std::span<const std::byte> device,
                                     std::span<const std::span<const std::byte>> configurations,
                                     std::string_view serial) {
  const auto bad = [](const char* why) { return UsbDescriptors{{}, why}; };
  if (device.size() != kDeviceSize || octet(device, 0) != kDeviceSize || octet(device, 1) != kDevice) {
    return bad("no device descriptor");
  }
  UsbDescriptors parsed;
  DeviceDescription& out = parsed.device;
  out.device_class = static_cast<std::uint8_t>(octet(device, 4));
  out.vendor = static_cast<std::uint16_t>(word(device, 8));
  out.product = static_cast<std::uint16_t>(word(device, 10));
  // A serial number that the device does not claim to have is none.
  if (octet(device, 16) == 0 && !serial.empty()) return bad("a serial number that the device does not have");
  out.serial = serial;
  const std::size_t promised = octet(device, 17);
  if (promised == 0 || promised > kMaxUsbConfigurations || configurations.size() != promised) {
    return bad("another number of configurations than it says");
  }
  std::size_t total = device.size();
  for (const auto& configuration : configurations) {
    total += configuration.size();
    if (total > kMaxUsbDescriptorBytes) return bad("more descriptors than a device may have");
    if (const auto problem = read_configuration(configuration, out.interface_classes)) return bad(*problem);
  }
  if (out.interface_classes.empty()) return bad("a device without interfaces");
  return parsed;
}

}  // namespace tobari::policy
