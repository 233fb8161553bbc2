// SPDX-License-Identifier: GPL-3.0-or-later
// The commands of tobari-recording, one function each: they print, and return the exit status.
#pragma once

#include <filesystem>
#include <string>

namespace tobari::display::playback {

inline constexpr int kGood = 0;
inline constexpr int kNo = 1;  // damaged, cut, not for this key
inline constexpr int kBadArguments = 2;

[[nodiscard]] int list_recordings(const std::filesystem::path& folder);

struct InfoOptions {
  std::filesystem::path file;
  std::filesystem::path key;  // empty: what can be read without
};
[[nodiscard]] int show_info(const InfoOptions& options);

struct VerifyOptions {
  std::filesystem::path file;
  std::filesystem::path key;  // with it what is in the chunks is checked as well
  std::string hash;           // as the audit has it
};
[[nodiscard]] int verify_recording(const VerifyOptions& options);

struct ExportOptions {
  std::filesystem::path file;
  std::filesystem::path key;
  std::filesystem::path out;
  std::string from = "0";
  std::string to;  // empty: the end
  int per_second = 25;
  bool lossless = false;
  bool pointer = true;
};
[[nodiscard]] int export_recording(const ExportOptions& options);

[[nodiscard]] int make_keys(const std::filesystem::path& name);

}  // namespace tobari::display::playback
