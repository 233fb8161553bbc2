// SPDX-License-Identifier: GPL-3.0-or-later
// USB devices as rules judge them. What a device says of itself is a claim: a hostile one can say anything.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tobari::policy {

// USB base classes (usb.org, "Defined Class Codes").
struct UsbClass {
  std::string_view name;
  std::uint8_t code = 0;
};
inline constexpr std::array<UsbClass, 19> kUsbClasses{{
    {"audio", 0x01},      {"communication", 0x02}, {"hid", 0x03},         {"physical", 0x05},    {"image", 0x06},
    {"printer", 0x07},    {"storage", 0x08},       {"hub", 0x09},         {"cdc-data", 0x0a},    {"smartcard", 0x0b},
    {"security", 0x0d},   {"video", 0x0e},         {"healthcare", 0x0f},  {"audio-video", 0x10}, {"billboard", 0x11},
    {"diagnostic", 0xdc}, {"wireless", 0xe0},      {"application", 0xfe}, {"vendor", 0xff},
}};

// A name of kUsbClasses, or "0x0b".
[[nodiscard]] std::optional<std::uint8_t> parse_usb_class(std::string_view text);
// Four hexadecimal digits.
[[nodiscard]] std::optional<std::uint16_t> parse_usb_id(std::string_view text);

// A device with several interfaces is several devices in one shell: each is judged alone.
struct DeviceDescription {
  std::uint16_t vendor = 0;                       // idVendor
  std::uint16_t product = 0;                      // idProduct
  std::string serial{};                           // iSerialNumber; empty: it has none
  std::uint8_t device_class = 0;                  // bDeviceClass; 0 and 0xef leave it to the interfaces
  std::vector<std::uint8_t> interface_classes{};  // bInterfaceClass, of every interface and alternate setting
};

// One interface of it.
struct UsbPart {
  std::uint16_t vendor = 0;
  std::uint16_t product = 0;
  std::string serial{};
  std::uint8_t device_class = 0;
  std::uint8_t interface_class = 0;
};

// Matches when everything that it states does; it states at least one thing.
struct UsbMatch {
  std::optional<std::uint8_t> device_class{};
  std::optional<std::uint16_t> vendor{};
  std::optional<std::uint16_t> product{};
  std::optional<std::string> serial{};

  // A denial of a class also means a device that claims it as a whole; a permission means the interface alone.
  [[nodiscard]] bool matches(const UsbPart& part, bool denial) const;
  friend bool operator==(const UsbMatch&, const UsbMatch&) = default;
};

}  // namespace tobari::policy
