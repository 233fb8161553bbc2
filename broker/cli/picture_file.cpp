// SPDX-License-Identifier: GPL-3.0-or-later
#include "picture_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <memory>
#include <png.h>
#include <string_view>
#include <turbojpeg.h>

namespace tobari::cli {
namespace {

using watermark::GreyPicture;
using Bytes = std::span<const std::byte>;

Result<void> check(unsigned long width, unsigned long height) {
  constexpr unsigned long kSide = watermark::kMaxPictureSide;
  if (width == 0 || height == 0) return fail(Errc::kInvalidArgument, "the picture is empty");
  if (width > kSide || height > kSide || width * height > watermark::kMaxPicturePixels) {
    return fail(Errc::kInvalidArgument, "the picture is larger than is read; make it smaller first");
  }
  return {};
}

// Of sides that were checked.
GreyPicture blank(unsigned long width, unsigned long height) {
  return {static_cast<int>(width), static_cast<int>(height), std::vector<std::uint8_t>(width * height)};
}

std::uint8_t luma(unsigned r, unsigned g, unsigned b) {
  return static_cast<std::uint8_t>((77 * r + 150 * g + 29 * b + 128) >> 8);
}

constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";

// The chunks of a PNG that its pixels are in. The others (texts, profiles, times) are not needed, and libpng unpacks
// each of a thousand of them to megabytes.
std::vector<std::byte> without_extras(Bytes png) {
  constexpr std::size_t kAround = 12;  // length and type before a chunk's data, a check sum after it
  constexpr std::array<std::string_view, 5> kKept{"IHDR", "PLTE", "tRNS", "IDAT", "IEND"};
  const Bytes signature = png.first(kPngSignature.size());
  std::vector<std::byte> kept(signature.begin(), signature.end());
  png = png.subspan(signature.size());
  while (png.size() >= kAround) {
    std::size_t length = 0;
    for (const std::byte b : png.first(4)) length = length << 8 | std::to_integer<std::size_t>(b);
    if (length > png.size() - kAround) break;  // cut off, which libpng says
    const std::string_view type(reinterpret_cast<const char*>(png.data()) + 4, 4);
    const Bytes chunk = png.first(length + kAround);
    if (std::ranges::contains(kKept, type)) kept.insert(kept.end(), chunk.begin(), chunk.end());
    png = png.subspan(chunk.size());
  }
  return kept;
}

Result<GreyPicture> parse_png(Bytes file) {
  const std::vector<std::byte> png = without_extras(file);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  const auto broken = [&image] {
    return fail(Errc::kInvalidArgument, std::string("not a whole PNG: ") + image.message);
  };
  if (png_image_begin_read_from_memory(&image, png.data(), png.size()) == 0) return broken();
  const std::unique_ptr<png_image, decltype(&png_image_free)> owner(&image, png_image_free);
  TOBARI_TRY(check(image.width, image.height));
  GreyPicture picture = blank(image.width, image.height);
  // Colours rather than libpng's own grey, and 16 bits that do not say what they are: both would be linear light.
  image.format = PNG_FORMAT_RGB;
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  std::vector<png_byte> colours(PNG_IMAGE_SIZE(image));
  const png_color white{255, 255, 255};
  if (png_image_finish_read(&image, &white, colours.data(), 0, nullptr) == 0) return broken();
  for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
    picture.pixels[i] = luma(colours[3 * i], colours[3 * i + 1], colours[3 * i + 2]);
  }
  return picture;
}

Result<GreyPicture> parse_jpeg(Bytes file) {
  const std::unique_ptr<void, decltype(&tjDestroy)> decoder(tjInitDecompress(), tjDestroy);
  if (!decoder) return fail(Errc::kExhausted, "libjpeg-turbo has no memory");
  const auto* data = reinterpret_cast<const unsigned char*>(file.data());
  const auto broken = [&decoder] {
    return fail(Errc::kInvalidArgument, std::string("not a whole JPEG: ") + tjGetErrorStr2(decoder.get()));
  };
  int width = 0;
  int height = 0;
  int sampling = 0;
  int colours = 0;
  if (tjDecompressHeader3(decoder.get(), data, file.size(), &width, &height, &sampling, &colours) != 0) return broken();
  if (width < 1 || height < 1) return fail(Errc::kInvalidArgument, "the picture is empty");
  TOBARI_TRY(check(static_cast<unsigned long>(width), static_cast<unsigned long>(height)));
  GreyPicture picture = blank(static_cast<unsigned long>(width), static_cast<unsigned long>(height));
  // A progressive file of few bytes may ask for thousands of passes; one that is cut is read as far as it goes.
  const int done = tjDecompress2(decoder.get(), data, file.size(), picture.pixels.data(), width, 0, height, TJPF_GRAY,
                                 TJFLAG_LIMITSCANS);
  if (done != 0 && tjGetErrorCode(decoder.get()) == TJERR_FATAL) return broken();
  return picture;
}

// The next number of a header; spaces and comments before it are passed over.
bool read_number(std::string_view& text, unsigned long& number) {
  for (;;) {
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t\r\n")));
    if (!text.starts_with('#')) break;
    text.remove_prefix(std::min(text.size(), text.find('\n')));
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

Result<GreyPicture> parse_ppm(Bytes file) {
  std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const bool colours = text[1] == '6';
  text.remove_prefix(2);
  unsigned long width = 0;
  unsigned long height = 0;
  unsigned long white = 0;
  if (!read_number(text, width) || !read_number(text, height) || !read_number(text, white) || white != 255 ||
      text.empty()) {
    return fail(Errc::kInvalidArgument, "not a PPM or PGM of 8 bits a colour");
  }
  text.remove_prefix(1);  // one space before the pixels
  TOBARI_TRY(check(width, height));
  if (text.size() < width * height * (colours ? 3 : 1)) {
    return fail(Errc::kInvalidArgument, "the picture's file is cut off");
  }
  GreyPicture picture = blank(width, height);
  const auto* from = reinterpret_cast<const unsigned char*>(text.data());
  for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
    picture.pixels[i] = colours ? luma(from[3 * i], from[3 * i + 1], from[3 * i + 2]) : from[i];
  }
  return picture;
}

bool begins(Bytes file, std::string_view with) {
  return file.size() > with.size() &&
         std::equal(with.begin(), with.end(), file.begin(),
                    [](char expected, std::byte b) { return static_cast<std::byte>(expected) == b; });
}

}  // namespace

Result<GreyPicture> parse_picture(Bytes file) {
  if (begins(file, kPngSignature)) return parse_png(file);
  if (begins(file, "\xFF\xD8\xFF")) return parse_jpeg(file);
  if (begins(file, "P6") || begins(file, "P5")) return parse_ppm(file);
  return fail(Errc::kInvalidArgument, "this is no PNG, JPEG, PPM or PGM");
}

Result<GreyPicture> load_picture(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::kInvalidArgument, "cannot open " + path);
  std::vector<char> bytes;
  std::array<char, 65536> part{};
  while (file.read(part.data(), part.size()) || file.gcount() > 0) {
    bytes.insert(bytes.end(), part.begin(), part.begin() + file.gcount());
    if (bytes.size() > kMaxPictureFile) return fail(Errc::kInvalidArgument, path + " is larger than is read");
  }
  auto picture = parse_picture(std::as_bytes(std::span(bytes)));
  if (!picture) return context(picture.error(), path);
  return picture;
}

}  // namespace tobari::cli
