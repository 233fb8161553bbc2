// SPDX-License-Identifier: GPL-3.0-or-later
#include "attack.h"

namespace tobari::leak {

Message& Message::u8(unsigned v) {
  data_.push_back(static_cast<std::byte>(v));
  return *this;
}
Message& Message::u16(unsigned v) { return u8(v & 0xFF).u8(v >> 8 & 0xFF); }
Message& Message::u32(std::uint64_t v) {
  return u16(static_cast<unsigned>(v & 0xFFFF)).u16(static_cast<unsigned>(v >> 16 & 0xFFFF));
}
Message& Message::bytes(const Bytes& data) {
  data_.insert(data_.end(), data.begin(), data.end());
  return *this;
}
Message& Message::text(std::string_view text) {
  const auto data = std::as_bytes(std::span(text));
  data_.insert(data_.end(), data.begin(), data.end());
  return *this;
}
Message& Message::zeros(std::size_t count) {
  data_.resize(data_.size() + count);
  return *this;
}

const std::vector<std::string>& announced() {
  static const std::vector<std::string> names{
      "drdynvc", "cliprdr", "rdpdr",   "rdpsnd", "rail",    "rail_wi", "rail_ri", "encomsp",      "remdesk", "tsmf",
      "snddbg",  "echo",    "CLIPRDR", "RDPDR",  "seamrdp", "lpt1",    "com1",    "usbredr",      "webauth", "camera",
      "printer", "scard",   "locate",  "vmchan", "CTXCLIP", "spice",   "a",       "\xff\xfe\x01", "denied1", "drdynvc"};
  return names;
}

std::vector<Attack> all_attacks() {
  std::vector<Attack> all;
  add_clipboard_attacks(all);
  add_device_attacks(all);
  add_static_attacks(all);
  add_dynamic_attacks(all);
  add_framing_attacks(all);
  return all;
}

}  // namespace tobari::leak
