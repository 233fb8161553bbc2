// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string_view>

#include "not_yet.h"
#include "sections.h"

namespace tobari::policy {
namespace {

using Kind = YamlNode::Kind;
using std::chrono::seconds;

constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 50;
constexpr seconds kMinTimeout{10};
constexpr seconds kMaxTimeout = std::chrono::days(30);
constexpr std::uint64_t kMaxMonitors = 16;
constexpr std::uint64_t kMinPixels = std::uint64_t{640} * 480;  // less is no desktop
constexpr std::uint64_t kMaxPixels = std::uint64_t{16} * 8192 * 8192;

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<Unit, 4> kByteUnits{{{"KiB", 1U << 10}, {"MiB", 1U << 20}, {"GiB", 1U << 30}, {"", 1}}};
constexpr std::array<Unit, 4> kTimeUnits{{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}}};

// A number and a unit, perhaps a space between them.
std::optional<std::uint64_t> parse_amount(std::string_view text, std::span<const Unit> units, std::uint64_t max) {
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.name)) continue;
    std::string_view front = text.substr(0, text.size() - unit.name.size());
    if (!unit.name.empty() && front.ends_with(' ')) front.remove_suffix(1);
    const auto value = parse_number(front);
    if (!value || *value > max / unit.factor) return std::nullopt;
    return *value * unit.factor;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> read_bytes(Reader& reader, const YamlNode* node, const std::string& what) {
  if (node == nullptr) return std::nullopt;
  const auto bytes = node->kind == Kind::kScalar ? parse_amount(node->scalar, kByteUnits, kMaxBytes) : std::nullopt;
  if (bytes && *bytes > 0) return bytes;
  reader.error(node->line, what +
                               " is a number of bytes, 1 to 1048576 GiB; write '65536', '64 KiB' or '10 MiB', and deny "
                               "what is not to pass at all");
  return std::nullopt;
}

std::optional<seconds> read_timeout(Reader& reader, const YamlNode* node, const std::string& what) {
  if (node == nullptr) return std::nullopt;
  const auto value = node->kind == Kind::kScalar ? parse_amount(node->scalar, kTimeUnits, 1U << 30) : std::nullopt;
  const seconds timeout(value.value_or(0));
  if (timeout >= kMinTimeout && timeout <= kMaxTimeout) return timeout;
  reader.error(node->line, what + " is a time from 10s to 30d; write '90s', '15m' or '10h'");
  return std::nullopt;
}

void read_watermark(Reader& reader, const YamlNode& node, const std::string& where, Obligations& out) {
  reader.each_text(node, "'watermark' of " + where, [&](int line, const std::string& text) {
    if (text == "visible") {
      out.visible_watermark = true;
    } else if (text == "invisible") {
      out.invisible_watermark = true;
    } else {
      reader.error(line, in_quotes(text) + " is no watermark; write visible, invisible or [visible, invisible]");
    }
  });
}

void read_notice(Reader& reader, const YamlNode& node, const std::string& where, Shared& shared, Obligations& out) {
  const bool good = node.kind == Kind::kScalar && !node.scalar.empty() && node.scalar.size() <= kMaxNoticeLength &&
                    node.scalar.find_first_not_of(" \n") != std::string::npos;
  if (!good) return reader.error(node.line, "'notice' of " + where + " is a text of 1 to 500 bytes");
  for (const char c : node.scalar) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f) {
      return reader.error(node.line, "'notice' of " + where + " holds a control character; write plain text");
    }
  }
  if (std::ranges::any_of(node.scalar, [](char c) { return static_cast<unsigned char>(c) > 0x7e; })) {
    reader.warning(node.line,
                   "'notice' of " + where + " holds characters that are not ASCII; they are shown as blanks");
  }
  if (shared.notices.insert(node.scalar).second && shared.notices.size() == kMaxNotices + 1) {
    reader.error(node.line, "more than 16 different notices; somebody may have to read them all, so write fewer");
  }
  out.notices.push_back(node.scalar);
}

}  // namespace

Limits read_limits(Reader& reader, const YamlNode& node, const std::string& where) {
  Limits limits;
  if (!reader.is_section(node, "limits", "'limits' of " + where)) return limits;
  if (const YamlNode* formats = node.find("formats")) {
    limits.formats = {};
    reader.each_text(*formats, "'formats' of " + where, [&](int line, const std::string& text) {
      if (const auto format = find_format(text)) {
        limits.formats.add(*format);
        if (*format == Format::kFiles) {
          reader.warning(line, "'files' of " + where + ": no file passes the clipboard in this version");
        }
      } else {
        reader.error(line, "unknown format " + in_quotes(text) + "; known are " + joined(kFormatNames));
      }
    });
  }
  limits.bytes_per_transfer = read_bytes(reader, node.find("bytes_per_transfer"), "'bytes_per_transfer' of " + where);
  limits.bytes_per_day = read_bytes(reader, node.find("bytes_per_day"), "'bytes_per_day' of " + where);
  limits.bytes_per_second = read_bytes(reader, node.find("bytes_per_second"), "'bytes_per_second' of " + where);
  return limits;
}

Obligations read_require(Reader& reader, const YamlNode& node, const std::string& where, Shared& shared) {
  Obligations out;
  if (!reader.is_section(node, "require", "'require' of " + where)) return out;
  warn_of_what_is_not_yet(reader, node, where);
  if (const YamlNode* watermark = node.find("watermark")) read_watermark(reader, *watermark, where, out);
  if (const YamlNode* record = node.find("record")) {
    if (record->kind == Kind::kScalar && record->scalar == "optional") {
      out.recording = Recording::kOptional;
    } else if (record->kind == Kind::kScalar && record->scalar == "required") {
      out.recording = Recording::kRequired;
    } else {
      reader.error(record->line, "'record' of " + where + " is 'optional' or 'required'; leave it out for none");
    }
  }
  out.idle_timeout = read_timeout(reader, node.find("idle_timeout"), "'idle_timeout' of " + where);
  out.absolute_timeout = read_timeout(reader, node.find("absolute_timeout"), "'absolute_timeout' of " + where);
  if (const YamlNode* notice = node.find("notice")) read_notice(reader, *notice, where, shared, out);
  if (const YamlNode* monitors = node.find("max_monitors")) {
    const auto number = reader.number(*monitors, "'max_monitors' of " + where, 1, kMaxMonitors);
    if (number) out.max_monitors = static_cast<std::uint32_t>(*number);
  }
  if (const YamlNode* pixels = node.find("max_pixels")) {
    out.max_pixels = reader.number(*pixels, "'max_pixels' of " + where, kMinPixels, kMaxPixels);
  }
  return out;
}

}  // namespace tobari::policy
