// SPDX-License-Identifier: GPL-3.0-or-later
#include "canary.h"

#include <algorithm>
#include <cctype>
#include <format>

#include <tobari/base/random.h>

namespace tobari::leak {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz234567";

std::string random_letters(std::size_t count) {
  std::vector<std::byte> bytes(count);
  random_bytes(bytes);
  std::string text;
  for (const std::byte b : bytes) text += kLetters[std::to_integer<std::size_t>(b) % kLetters.size()];
  return text;
}

std::string interleaved(std::string_view text, bool zero_first) {
  std::string wide;
  for (const char c : text) {
    if (zero_first) wide += '\0';
    wide += c;
    if (!zero_first) wide += '\0';
  }
  return wide;
}

std::string hexadecimal(std::string_view text, bool upper) {
  std::string digits = to_hex(std::as_bytes(std::span(text)));
  if (upper) std::ranges::transform(digits, digits.begin(), [](unsigned char c) { return std::toupper(c); });
  return digits;
}

// The characters that depend on the stem alone, whatever stands before and after it (RFC 4648 section 4).
std::string base64_inside(std::string_view stem, std::size_t before) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string bytes = std::string(before, '\0') + std::string(stem);
  std::string text;
  const std::size_t first_bit = before * 8;
  for (std::size_t bit = (first_bit + 5) / 6 * 6; bit + 6 <= bytes.size() * 8; bit += 6) {
    unsigned value = 0;
    for (std::size_t i = bit; i < bit + 6; ++i) {
      value = value << 1 | (static_cast<unsigned char>(bytes[i / 8]) >> (7 - i % 8) & 1U);
    }
    text += kAlphabet[value];
  }
  return text;
}

}  // namespace

Canaries::Canaries() : stem_(random_letters(kStem)) {}

std::string Canaries::next() { return std::format("{}{:08x}", stem_, count_++) + random_letters(kLength - kStem - 8); }

std::vector<std::byte> filled(std::string_view canary, std::size_t size) {
  std::vector<std::byte> bytes(std::max(size, canary.size()));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(canary[i % canary.size()]);
  return bytes;
}

std::vector<std::byte> utf16(std::string_view canary) {
  const std::string wide = interleaved(canary, false) + std::string(2, '\0');
  const auto bytes = std::as_bytes(std::span(wide));
  return {bytes.begin(), bytes.end()};
}

CanarySearch::CanarySearch(std::string_view stem) {
  forms_ = {std::string(stem),        interleaved(stem, false), interleaved(stem, true),
            hexadecimal(stem, false), hexadecimal(stem, true),  base64_inside(stem, 0),
            base64_inside(stem, 1),   base64_inside(stem, 2),   std::string(stem.rbegin(), stem.rend())};
  // A stem whose hexadecimal form has no letter would be found twice.
  if (forms_[3] == forms_[4]) forms_.erase(forms_.begin() + 4);
  longest_ = std::ranges::max(forms_, {}, &std::string::size).size();
}

void CanarySearch::feed(std::span<const std::byte> part) {
  const std::size_t old = kept_.size();
  kept_.append(reinterpret_cast<const char*>(part.data()), part.size());
  for (const std::string& form : forms_) {
    // What lies wholly in the old part was counted before.
    std::size_t at = old >= form.size() ? old - form.size() + 1 : 0;
    while ((at = kept_.find(form, at)) != std::string::npos) {
      ++found_;
      at += form.size();
    }
  }
  if (kept_.size() >= longest_) kept_.erase(0, kept_.size() - (longest_ - 1));
}

}  // namespace tobari::leak
