// SPDX-License-Identifier: GPL-3.0-or-later
// Makes a version of the catalogue from a file in imports_dir: looked at by our own parsers, converted by a confined
// program, measured and digested by us. Nothing half-made is left, whatever fails. Blocks; the image worker's thread.
#pragma once

#include <filesystem>
#include <string>

#include <tobari/base/result.h>

#include "core/disk_room.h"
#include "core/image_source.h"
#include "host/image_manifest.h"
#include "images/disk_converter.h"
#include "images/image_folders.h"
#include "images/image_job.h"
#include "tobari/host.pb.h"

namespace tobari::vmhost {

inline constexpr std::uint64_t kMaxImportedBytes = std::uint64_t{16} << 40U;  // of a disk, as a guest sees it
inline constexpr std::uint32_t kMaxMediumDiskGib = 16 * 1024;

struct ImportPlaces {
  std::filesystem::path imports_dir;
  RoomRules rules{};  // of images_dir
};

class ImageImport {
 public:
  ImageImport(ImportPlaces places, const ImageFolders& folders, DiskConverter& converter)
      : places_(std::move(places)), folders_(folders), converter_(converter) {}

  // On success images_dir has the version. One that is there already, whole, is success: it was made by an earlier
  // life. kInvalidArgument: the file is not usable, for good; kNotFound: there is none; kExhausted: no room;
  // kUnavailable: this host cannot do it. All as sentences for people.
  [[nodiscard]] Result<wire::ImageFacts> run(const std::string& ref, const wire::ImageImport& order, ImageJob& job);

 private:
  // What the source says of its system, for people.
  [[nodiscard]] Result<std::string> make(const ImageFolders::Workshop& shop, const std::string& ref,
                                         const wire::ImageImport& order, ImageJob& job);
  struct Made {
    ImageManifest manifest;
    std::string guest{};
  };
  [[nodiscard]] Result<Made> from_disk(const ImageFolders::Workshop& shop, const wire::ImageImport& order,
                                       SourceFormat format, ImageJob& job);
  [[nodiscard]] Result<Made> from_medium(const ImageFolders::Workshop& shop, const wire::ImageImport& order,
                                         const ImageSource& source, ImageJob& job);
  [[nodiscard]] Result<Made> from_folder(const ImageFolders::Workshop& shop, const wire::ImageImport& order,
                                         ImageJob& job);
  [[nodiscard]] Result<void> convert(const ImageFolders::Workshop& shop, const ImageSource& source,
                                     const std::filesystem::path& file, bool drivers, ImageJob& job);
  [[nodiscard]] Result<void> check_made(const std::filesystem::path& disk, std::uint64_t virtual_bytes) const;
  [[nodiscard]] Result<void> need_room(std::uint64_t bytes) const;
  [[nodiscard]] ConversionWatch watch_of(ImageJob& job, const char* doing, std::uint32_t from, std::uint32_t to) const;

  const ImportPlaces places_;
  const ImageFolders& folders_;
  DiskConverter& converter_;
};

// What `order` leaves open is filled in from what the source says. kInvalidArgument names the member.
[[nodiscard]] Result<ImageManifest> manifest_for(const wire::ImageImport& order, const ImageSource& source);

// What is known of a version that is there.
[[nodiscard]] wire::ImageFacts facts_of(const ImageManifest& manifest, const std::filesystem::path& folder);

// Copies a file with progress; `to` is new. Nothing is left on an error but part of `to`.
[[nodiscard]] Result<void> copy_watched(const std::filesystem::path& from, const std::filesystem::path& to,
                                        const ConversionWatch& watch);

}  // namespace tobari::vmhost
