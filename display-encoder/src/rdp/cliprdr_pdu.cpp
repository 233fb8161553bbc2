// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/cliprdr_pdu.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "rdp/wire.h"

namespace tobari::display::clip {
namespace {

using policy::Format;

constexpr std::uint16_t kGeneralSet = 0x0001;  // 2.2.2.1.1
constexpr std::uint16_t kGeneralSize = 12;
constexpr std::uint32_t kVersion2 = 2;
constexpr std::uint32_t kUseLongNames = 0x00000002;
constexpr std::size_t kMaxCapabilitySets = 8;

constexpr std::size_t kShortName = 32;  // octets, 2.2.3.1.1.1
constexpr std::size_t kMaxName = 128;   // characters; what is longer is none that we know

// Numbers of the system (winuser.h) and names that programs register.
constexpr std::uint32_t kUnicodeText = 13, kDib = 8, kDibV5 = 17;
struct Known {
  Format format;
  std::string_view name;  // empty: it goes by its number
  std::uint32_t our_id;
};
// Registered formats are numbered from 0xC000 on, as everybody likes.
constexpr std::array<Known, 4> kKnown{{{Format::kText, "", kUnicodeText},
                                       {Format::kRtf, "Rich Text Format", 0xC101},
                                       {Format::kHtml, "HTML Format", 0xC102},
                                       {Format::kImage, "", kDib}}};
constexpr std::string_view kFileList = "FileGroupDescriptorW";

void header(WireWriter& out, Type type, std::uint16_t flags, std::size_t body) {
  out.u16(std::to_underlying(type));
  out.u16(flags);
  out.u32(body);
}

void note(FormatIds& ids, Format format, std::uint32_t id) {
  auto& known = ids[static_cast<std::size_t>(format)];
  if (!known) known = id;
}

void note(FormatIds& ids, std::uint32_t id, std::string_view name) {
  if (id == kUnicodeText) note(ids, Format::kText, id);
  if (id == kDib) ids[static_cast<std::size_t>(Format::kImage)] = id;  // rather than V5, which not everybody reads
  if (id == kDibV5) note(ids, Format::kImage, id);
  for (const Known& known : kKnown) {
    if (!known.name.empty() && known.name == name) note(ids, known.format, id);
  }
  if (name == kFileList) note(ids, Format::kFiles, id);
}

// What is not ASCII is in no name that we know.
char character(unsigned unit) noexcept { return unit < 0x80 ? static_cast<char>(unit) : '?'; }

std::string short_name(std::span<const std::byte> field, bool ascii) {
  WireReader in(field);
  std::string name;
  while (in.remaining() > 0) {
    const unsigned unit = ascii ? in.u8() : in.u16();
    if (unit == 0) break;
    name += character(unit);
  }
  return name;
}

std::string long_name(WireReader& in) {
  std::string name;
  for (unsigned unit = in.u16(); unit != 0 && in.ok(); unit = in.u16()) {
    if (name.size() < kMaxName) name += character(unit);
  }
  return name;
}

void write_name(WireWriter& out, std::string_view name, bool long_names) {
  const std::size_t begin = out.position();
  for (const char c : name) {
    if (!long_names && out.position() - begin + 4 > kShortName) break;
    out.u16(static_cast<unsigned char>(c));
  }
  out.u16(0U);
  if (!long_names) out.zeros(kShortName - (out.position() - begin));
}

}  // namespace

Header read_header(std::span<const std::byte> message) noexcept {
  WireReader in(message);
  Header header;
  header.type = static_cast<Type>(in.u16());
  header.flags = in.u16();
  header.length = in.u32();
  return header;
}

Result<FormatIds> read_format_list(std::span<const std::byte> body, bool long_names, bool ascii_names) {
  FormatIds ids;
  WireReader in(body);
  while (in.remaining() > 0) {
    const std::uint32_t id = in.u32();
    const std::string name = long_names ? long_name(in) : short_name(in.bytes(kShortName), ascii_names);
    if (!in.ok()) return fail(Errc::kPeerProtocol, "malformed list of clipboard formats");
    note(ids, id, name);
  }
  return ids;
}

Result<bool> read_capabilities(std::span<const std::byte> body) {
  WireReader in(body);
  const std::size_t sets = in.u16();
  in.skip(2);
  bool long_names = false;
  for (std::size_t i = 0; i < sets && in.ok(); ++i) {
    const std::uint16_t type = in.u16();
    const std::size_t length = in.u16();
    if (!in.ok() || sets > kMaxCapabilitySets || length < 4 || length - 4 > in.remaining()) {
      return fail(Errc::kPeerProtocol, "malformed clipboard capabilities");
    }
    WireReader set(in.bytes(length - 4));
    if (type != kGeneralSet) continue;
    set.skip(4);  // its version says nothing that the flags do not
    long_names = (set.u32() & kUseLongNames) != 0;
    if (!set.ok()) return fail(Errc::kPeerProtocol, "malformed clipboard capabilities");
  }
  if (!in.ok()) return fail(Errc::kPeerProtocol, "malformed clipboard capabilities");
  return long_names;
}

Result<std::uint32_t> read_data_request(std::span<const std::byte> body) {
  WireReader in(body);
  const std::uint32_t id = in.u32();
  if (!in.ok()) return fail(Errc::kPeerProtocol, "malformed request for clipboard data");
  return id;
}

std::optional<std::uint32_t> our_id(Format format) noexcept {
  const auto* const found = std::ranges::find(kKnown, format, &Known::format);
  return found == kKnown.end() ? std::nullopt : std::optional(found->our_id);
}

std::optional<Format> format_of_our_id(std::uint32_t id) noexcept {
  const auto* const found = std::ranges::find(kKnown, id, &Known::our_id);
  return found == kKnown.end() ? std::nullopt : std::optional(found->format);
}

void capabilities(Bytes& out) {
  WireWriter w(out);
  header(w, Type::kCapabilities, 0, 4 + kGeneralSize);
  w.u16(1U);
  w.u16(0U);
  w.u16(kGeneralSet);
  w.u16(kGeneralSize);
  w.u32(kVersion2);
  w.u32(kUseLongNames);  // no files, no locks: there is nothing that would need them
}

void monitor_ready(Bytes& out) {
  WireWriter w(out);
  header(w, Type::kMonitorReady, 0, 0);
}

void format_list(policy::FormatSet formats, bool long_names, Bytes& out) {
  Bytes body;
  WireWriter names(body);
  for (const Known& known : kKnown) {
    if (!formats.has(known.format)) continue;
    names.u32(known.our_id);
    write_name(names, known.name, long_names);
  }
  WireWriter w(out);
  header(w, Type::kFormatList, 0, body.size());
  w.bytes(body);
}

void format_list_response(bool taken, Bytes& out) {
  WireWriter w(out);
  header(w, Type::kFormatListResponse, taken ? kOk : kFailed, 0);
}

void data_request(std::uint32_t format_id, Bytes& out) {
  WireWriter w(out);
  header(w, Type::kDataRequest, 0, 4);
  w.u32(format_id);
}

void data_response(std::span<const std::byte> data, Bytes& out) {
  WireWriter w(out);
  header(w, Type::kDataResponse, kOk, data.size());
  w.bytes(data);
}

void data_refused(Bytes& out) {
  WireWriter w(out);
  header(w, Type::kDataResponse, kFailed, 0);
}

}  // namespace tobari::display::clip
