// SPDX-License-Identifier: GPL-3.0-or-later
// Text that occurs nowhere else in the world, to be hidden on one side and looked for on the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tobari::leak {

// All canaries of one side of one run begin with the same random stem, so that one search finds any of them.
class Canaries {
 public:
  Canaries();  // a new stem
  explicit Canaries(std::string stem) : stem_(std::move(stem)) {}

  static constexpr std::size_t kStem = 16;
  static constexpr std::size_t kLength = 32;  // lower-case letters and digits
  [[nodiscard]] const std::string& stem() const noexcept { return stem_; }
  [[nodiscard]] std::string next();

 private:
  std::string stem_;
  std::uint64_t count_ = 0;
};

// `size` bytes, nothing but this canary, again and again; at least the whole canary once.
[[nodiscard]] std::vector<std::byte> filled(std::string_view canary, std::size_t size);
[[nodiscard]] std::vector<std::byte> utf16(std::string_view canary);  // little-endian, with a terminating zero

// Finds a stem in a stream, however it is cut: as it is, as UTF-16 of either byte order, as hexadecimal digits, as
// base64 at any of the three offsets, and backwards.
class CanarySearch {
 public:
  explicit CanarySearch(std::string_view stem);
  // Canaries found in what was fed so far, by the first form that each of them has.
  void feed(std::span<const std::byte> part);
  [[nodiscard]] std::size_t found() const noexcept { return found_; }
  [[nodiscard]] const std::vector<std::string>& forms() const noexcept { return forms_; }

 private:
  std::vector<std::string> forms_;
  std::size_t longest_ = 0;
  std::string kept_;  // the end of what came before, too short for the longest form
  std::size_t found_ = 0;
};

}  // namespace tobari::leak
