// SPDX-License-Identifier: GPL-3.0-or-later
// A tar archive in memory (ustar, POSIX.1-2017 pax, "ustar Interchange Format"): regular files of one folder. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tobari::cli {

class TarWriter {
 public:
  static constexpr std::size_t kMaxPath = 100;
  static constexpr std::size_t kMaxFile = std::size_t{1} << 30U;

  // `path`: at most kMaxPath bytes. `seconds`: since 1970.
  void add(std::string_view path, std::string_view content, std::uint64_t seconds);
  [[nodiscard]] std::string finish() &&;

 private:
  std::string bytes_;
};

}  // namespace tobari::cli
