// SPDX-License-Identifier: GPL-3.0-or-later
// A file that an image is to be made of, looked at before any other program reads it: that it is what it is said to be,
// whole, and names no other file. Pure; fuzzed (tests/fuzz/image_source_fuzz.cpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tobari/base/result.h>

#include "core/source_bytes.h"

namespace tobari::vmhost {

enum class SourceFormat : std::uint8_t {
  kRaw,
  kQcow2,
  kVmdk,
  kVdi,
  kVhd,
  kVhdx,
  kOva,
  kIso,     // a medium that a system is installed from
  kTobari,  // a folder with a manifest.json: an image as hosts have it
};
[[nodiscard]] std::string_view to_string(SourceFormat format) noexcept;
[[nodiscard]] Result<SourceFormat> parse_source_format(std::string_view text);  // the error lists all

struct ImageSource {
  SourceFormat format = SourceFormat::kRaw;  // of the disk; of an OVA, that of the disk in it
  std::string variant;                       // for people: "streamOptimized"
  std::uint64_t virtual_bytes = 0;           // that a guest will see
  std::uint64_t at = 0;                      // where the disk's bytes lie in the file
  std::uint64_t bytes = 0;
  std::string sha256{};  // of these bytes, when an OVA's own manifest states it: 64 hex digits
  std::string guest{};   // what an OVA says
  std::uint32_t memory_mib = 0;
  bool uefi = false;
};

// kInvalidArgument, as a sentence for people that says what to do; kIo: it cannot be read.
[[nodiscard]] Result<ImageSource> examine_source(const SourceBytes& file, SourceFormat format);

// By its first bytes, when they say what it is.
[[nodiscard]] std::optional<SourceFormat> recognised_format(const SourceBytes& file);

}  // namespace tobari::vmhost
