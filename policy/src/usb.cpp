// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/usb.h>

#include <algorithm>

#include "hex.h"

namespace tobari::policy {

std::optional<std::uint8_t> parse_usb_class(std::string_view text) {
  const auto* const named = std::ranges::find(kUsbClasses, text, &UsbClass::name);
  if (named != kUsbClasses.end()) return named->code;
  const auto code = text.starts_with("0x") ? parse_hex(text.substr(2), 2) : std::nullopt;
  return code ? std::optional(static_cast<std::uint8_t>(*code)) : std::nullopt;
}

std::optional<std::uint16_t> parse_usb_id(std::string_view text) { return parse_hex(text, 4); }

bool UsbMatch::matches(const UsbPart& part, bool denial) const {
  if (device_class && *device_class != part.interface_class && !(denial && *device_class == part.device_class)) {
    return false;
  }
  if (vendor && *vendor != part.vendor) return false;
  if (product && *product != part.product) return false;
  return !serial || *serial == part.serial;
}

}  // namespace tobari::policy
