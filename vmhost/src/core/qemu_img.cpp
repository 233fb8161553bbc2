// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/qemu_img.h"

#include <algorithm>
#include <charconv>
#include <format>

namespace tobari::vmhost {
namespace {

constexpr const char* kQemuImg = "/usr/bin/qemu-img";

std::string_view driver_of(SourceFormat format) {
  switch (format) {
    case SourceFormat::kVhd:
      return "vpc";
    case SourceFormat::kIso:
    case SourceFormat::kRaw:
      return "raw";
    default:
      return to_string(format);
  }
}

// In QEMU's options a comma ends a value unless it is doubled.
std::string comma_doubled(std::string_view text) {
  std::string out;
  for (const char c : text) out.append(c == ',' ? 2 : 1, c);
  return out;
}

}  // namespace

std::string image_options(const ImageSource& source, std::string_view file) {
  const std::string_view driver = driver_of(source.format);
  std::string out = std::format("driver={}", driver);
  // Else some creators' sizes are guessed from cylinders and heads.
  if (source.format == SourceFormat::kVhd) out += ",force_size_calc=current_size";
  if (driver == "raw" && source.at == 0) {
    return out + std::format(",file.driver=file,file.filename={}", comma_doubled(file));
  }
  if (driver == "raw") {
    return out + std::format(",offset={},size={},file.driver=file,file.filename={}", source.at, source.bytes,
                             comma_doubled(file));
  }
  if (source.at == 0) return out + std::format(",file.driver=file,file.filename={}", comma_doubled(file));
  return out + std::format(",file.driver=raw,file.offset={},file.size={},file.file.driver=file,file.file.filename={}",
                           source.at, source.bytes, comma_doubled(file));
}

std::vector<std::string> convert_command(const ImageSource& source, std::string_view file, std::string_view to) {
  return {
      kQemuImg,       "convert", "-p", "--image-opts", "-O", "qcow2", "-o", "compat=1.1", image_options(source, file),
      std::string(to)};
}

std::vector<std::string> check_command(const ImageSource& source, std::string_view file) {
  return {kQemuImg, "check", "-q", "--image-opts", image_options(source, file)};
}

std::vector<std::string> create_command(std::string_view to, std::uint64_t bytes) {
  return {kQemuImg, "create", "-q", "-f", "qcow2", "-o", "compat=1.1", std::string(to), std::to_string(bytes)};
}

std::optional<std::uint32_t> progress_in(std::string_view output) {
  const std::size_t end = output.rfind("/100%)");
  if (end == std::string_view::npos) return std::nullopt;
  const std::size_t begin = output.rfind('(', end);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view number = output.substr(begin + 1, end - begin - 1);
  double percent = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), percent);
  if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size()) return std::nullopt;
  return static_cast<std::uint32_t>(std::clamp(percent, 0.0, 100.0) * 10);
}

}  // namespace tobari::vmhost
