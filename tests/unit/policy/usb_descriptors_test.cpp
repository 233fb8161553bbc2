// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/usb_descriptors.h>

#include <gmock/gmock.h>

namespace tobari::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Bytes = std::vector<std::byte>;

Bytes bytes(std::initializer_list<unsigned> values) {
  Bytes out;
  for (const unsigned v : values) out.push_back(static_cast<std::byte>(v));
  return out;
}

// A key with a card reader and a keyboard, as a YubiKey is one.
const Bytes kDevice = bytes({18, 1, 0, 2, 0, 0, 0, 64, 0x50, 0x10, 0x07, 0x04, 0, 1, 1, 2, 3, 1});
const Bytes kConfiguration = bytes({9, 2, 50, 0, 2, 1,  0, 0x80, 15,                            //
                                    9, 4, 0,  0, 1, 3,  1, 1,    0,  7, 5, 0x81, 3, 8,  0, 10,  // keyboard, endpoint
                                    9, 4, 1,  0, 1, 11, 0, 0,    0,  7, 5, 0x82, 2, 64, 0, 0,   // card reader, endpoint
                                    9, 4, 1,  1, 0, 11, 0, 0,    0});  // the same, another setting

UsbDescriptors parse(const Bytes& device, std::vector<Bytes> configurations, std::string_view serial = "42") {
  std::vector<std::span<const std::byte>> spans(configurations.begin(), configurations.end());
  return parse_usb_descriptors(device, spans, serial);
}

TEST(UsbDescriptors, EveryInterfaceAndSettingIsSeen) {
  const auto parsed = parse(kDevice, {kConfiguration});
  EXPECT_EQ(parsed.problem, "");
  EXPECT_EQ(parsed.device.vendor, 0x1050);
  EXPECT_EQ(parsed.device.product, 0x0407);
  EXPECT_EQ(parsed.device.serial, "42");
  EXPECT_EQ(parsed.device.device_class, 0);
  EXPECT_THAT(parsed.device.interface_classes, ElementsAre(3, 11, 11));
}

TEST(UsbDescriptors, WhatDoesNotDescribeItselfProperlyIsNone) {
  const auto refused = [](const UsbDescriptors& parsed, const char* because) {
    EXPECT_THAT(parsed.problem, HasSubstr(because));
    EXPECT_TRUE(parsed.device.interface_classes.empty());
  };
  for (std::size_t n = 0; n < kDevice.size(); ++n) {
    refused(parse({kDevice.begin(), kDevice.begin() + static_cast<std::ptrdiff_t>(n)}, {kConfiguration}), "no device");
  }
  for (std::size_t n = 0; n < kConfiguration.size(); ++n) {
    refused(parse(kDevice, {{kConfiguration.begin(), kConfiguration.begin() + static_cast<std::ptrdiff_t>(n)}}),
            "a configuration");
  }
  refused(parse(kDevice, {}), "number of configurations");
  refused(parse(kDevice, {kConfiguration, kConfiguration}), "number of configurations");
  const auto with = [](std::size_t at, unsigned value) {
    Bytes changed = kConfiguration;
    changed[at] = static_cast<std::byte>(value);
    return changed;
  };
  refused(parse(kDevice, {with(4, 3)}), "number of interfaces");
  refused(parse(kDevice, {with(9, 0)}), "does not fit");
  refused(parse(kDevice, {with(41, 200)}), "does not fit");
  refused(parse(kDevice, {with(44, 0)}), "described twice");
  refused(parse(kDevice, {with(10, 2)}), "where it cannot be");
  refused(parse(kDevice, {with(10, 1)}), "where it cannot be");
  refused(parse(kDevice, {with(0, 8)}), "begin with its descriptor");
  refused(parse(kDevice, {with(1, 4)}), "begin with its descriptor");
  refused(parse(kDevice, {with(9, 5)}), "too short");
  const auto device_with = [](std::size_t at, unsigned value) {
    Bytes changed = kDevice;
    changed[at] = static_cast<std::byte>(value);
    return changed;
  };
  refused(parse(device_with(0, 17), {kConfiguration}), "no device descriptor");
  refused(parse(device_with(1, 2), {kConfiguration}), "no device descriptor");
  refused(parse(device_with(17, 0), {}), "number of configurations");
  const std::vector<Bytes> many(kMaxUsbConfigurations + 1, kConfiguration);
  refused(parse(device_with(17, kMaxUsbConfigurations + 1), many), "number of configurations");
  Bytes nameless = kDevice;
  nameless[16] = std::byte{0};
  refused(parse(nameless, {kConfiguration}), "serial number");
  refused(parse(kDevice, {bytes({9, 2, 9, 0, 0, 1, 0, 0x80, 15})}), "without interfaces");
}

TEST(UsbDescriptors, ADeviceWithoutASerialNumberHasNone) {
  Bytes nameless = kDevice;
  nameless[16] = std::byte{0};
  const auto parsed = parse(nameless, {kConfiguration}, "");
  EXPECT_EQ(parsed.problem, "");
  EXPECT_EQ(parsed.device.serial, "");
}

TEST(UsbDescriptors, NoMoreThanADeviceMayHave) {
  const auto with_interfaces = [](std::size_t count) {
    Bytes all = bytes({9, 2, 0, 0, 1, 1, 0, 0x80, 15});
    for (unsigned setting = 0; setting < count; ++setting) {
      const Bytes one = bytes({9, 4, setting / 256, setting % 256, 0, 3, 0, 0, 0});
      all.insert(all.end(), one.begin(), one.end());
    }
    all[2] = static_cast<std::byte>(all.size());
    all[3] = static_cast<std::byte>(all.size() >> 8);
    return all;
  };
  EXPECT_EQ(parse(kDevice, {with_interfaces(kMaxUsbInterfaces)}).problem, "");
  EXPECT_THAT(parse(kDevice, {with_interfaces(kMaxUsbInterfaces + 1)}).problem, HasSubstr("more interfaces"));
  EXPECT_THAT(parse(kDevice, {Bytes(kMaxUsbDescriptorBytes)}).problem, HasSubstr("more descriptors"));
}

}  // namespace
}  // namespace tobari::policy
