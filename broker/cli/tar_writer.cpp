// SPDX-License-Identifier: GPL-3.0-or-later
#include "tar_writer.h"

#include <algorithm>
#include <format>
#include <utility>

#include <tobari/base/invariant.h>

namespace tobari::cli {
namespace {

constexpr std::size_t kBlock = 512;

struct Field {
  std::size_t offset;
  std::size_t size;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUser{108, 8}, kGroup{116, 8}, kSize{124, 12}, kTime{136, 12},
    kChecksum{148, 8}, kType{156, 1}, kMagic{257, 8};

void put(std::string& header, Field field, std::string_view text) {
  std::ranges::copy(text.substr(0, field.size), header.begin() + static_cast<std::ptrdiff_t>(field.offset));
}

// Octal digits that fill the field, and a zero byte.
std::string octal(std::uint64_t number, Field field) { return std::format("{:0{}o}", number, field.size - 1); }

std::string header_of(std::string_view path, std::size_t size, std::uint64_t seconds) {
  constexpr unsigned kOwnerReads = 0600;
  std::string header(kBlock, '\0');
  put(header, kName, path);
  put(header, kMode, octal(kOwnerReads, kMode));
  put(header, kUser, octal(0, kUser));
  put(header, kGroup, octal(0, kGroup));
  put(header, kSize, octal(size, kSize));
  put(header, kTime, octal(seconds, kTime));
  put(header, kType, "0");
  put(header, kMagic,
      std::string_view("ustar\0"
                       "00",
                       8));
  put(header, kChecksum, "        ");
  std::uint64_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(header, kChecksum, std::format("{:06o}", sum) + std::string("\0 ", 2));
  return header;
}

}  // namespace

void TarWriter::add(std::string_view path, std::string_view content, std::uint64_t seconds) {
  TOBARI_INVARIANT(!path.empty() && path.size() <= kMaxPath && content.size() <= kMaxFile);
  bytes_ += header_of(path, content.size(), seconds);
  bytes_ += content;
  bytes_.append((kBlock - content.size() % kBlock) % kBlock, '\0');
}

std::string TarWriter::finish() && {
  bytes_.append(2 * kBlock, '\0');
  return std::move(bytes_);
}

}  // namespace tobari::cli
