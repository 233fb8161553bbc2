// SPDX-License-Identifier: GPL-3.0-or-later
// Guest images: images_dir/NAME/manifest.json and the files that it names. An image is used only when every file has
// the digest that the manifest states. One thread at a time (the disk worker's).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>

#include "host/image_manifest.h"

namespace tobari::vmhost {

struct ImageFiles {
  std::filesystem::path kernel;
  std::filesystem::path initrd;  // empty: none
  std::filesystem::path disk;
  ImageManifest manifest;
  std::filesystem::path root{};  // of an image for containers, which has nothing of the others
};

struct ImageName {
  std::string name;
  std::string digest;  // SHA-256 of manifest.json, hex
  MachineKind machine = MachineKind::kVm;
  std::string root_sha256{};  // of containers: the digest of the archive
};

class ImageStore {
 public:
  // What was verified is noted in `cache_file`, by size, time and inode of each file: reading gigabytes once is enough.
  ImageStore(std::filesystem::path images_dir, std::filesystem::path cache_file);

  // kNotFound: no such image; kInvalidArgument: it is not what its manifest says. Both sentences are for people.
  [[nodiscard]] Result<ImageFiles> verified(const std::string& name);
  // Without looking at the files.
  [[nodiscard]] Result<ImageManifest> manifest(const std::string& name) const;
  // Those with a readable manifest.
  [[nodiscard]] std::vector<ImageName> list() const;

 private:
  [[nodiscard]] Result<void> check(const std::string& image, const std::filesystem::path& file,
                                   const std::string& digest);
  void load_cache();
  void save_cache() const;

  std::filesystem::path images_dir_;
  std::filesystem::path cache_file_;
  std::map<std::string, std::string> known_;  // "path size mtime inode" -> digest
};

}  // namespace tobari::vmhost
