// SPDX-License-Identifier: GPL-3.0-or-later
// The messages of the clipboard channel (MS-RDPECLIP 2.2) that we use: writers append one message to a buffer, parsers
// take what a client sends. No state, no I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/policy/limits.h>

namespace tobari::display::clip {

using Bytes = std::vector<std::byte>;

inline constexpr const char* kChannelName = "cliprdr";

enum class Type : std::uint16_t {  // 2.2.1
  kMonitorReady = 0x0001,
  kFormatList = 0x0002,
  kFormatListResponse = 0x0003,
  kDataRequest = 0x0004,
  kDataResponse = 0x0005,
  kTempDirectory = 0x0006,
  kCapabilities = 0x0007,
  kFileContentsRequest = 0x0008,
  kFileContentsResponse = 0x0009,
  kLock = 0x000A,
  kUnlock = 0x000B,
};
inline constexpr std::uint16_t kOk = 0x0001, kFailed = 0x0002, kAsciiNames = 0x0004;

inline constexpr std::size_t kHeader = 8;
// Some clients append four octets that no length counts (rdesktop).
inline constexpr std::size_t kMaxPadding = 4;
// Of every message but the data itself. A list has some dozens of formats with names.
inline constexpr std::size_t kMaxMessage = std::size_t{64} * 1024;

struct Header {
  Type type{};
  std::uint16_t flags = 0;
  std::uint32_t length = 0;  // of what follows
};
// `message`: at least kHeader octets.
[[nodiscard]] Header read_header(std::span<const std::byte> message) noexcept;

// The client's number for each format that we know of; the position is the format's.
using FormatIds = std::array<std::optional<std::uint32_t>, policy::kFormatNames.size()>;
// A client's list. `long_names`: both sides have said that they use them (2.2.3.1). kPeerProtocol: malformed.
[[nodiscard]] Result<FormatIds> read_format_list(std::span<const std::byte> body, bool long_names, bool ascii_names);
// Whether the client uses long names.
[[nodiscard]] Result<bool> read_capabilities(std::span<const std::byte> body);
[[nodiscard]] Result<std::uint32_t> read_data_request(std::span<const std::byte> body);

// What we call a format ourselves; nothing for files.
[[nodiscard]] std::optional<std::uint32_t> our_id(policy::Format format) noexcept;
[[nodiscard]] std::optional<policy::Format> format_of_our_id(std::uint32_t id) noexcept;

void capabilities(Bytes& out);
void monitor_ready(Bytes& out);
void format_list(policy::FormatSet formats, bool long_names, Bytes& out);
void format_list_response(bool taken, Bytes& out);
void data_request(std::uint32_t format_id, Bytes& out);
void data_response(std::span<const std::byte> data, Bytes& out);
void data_refused(Bytes& out);

}  // namespace tobari::display::clip
