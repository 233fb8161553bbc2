// SPDX-License-Identifier: GPL-3.0-or-later
// Guest images: images_dir/NAME/manifest.json and the files that it names. An image is used only when every file has
// the digest that the manifest states; a version of the catalogue ("debian@3") only when the manifest has the digest
// that the broker states. One thread at a time (the disk worker's), unless said otherwise.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>

#include "host/image_manifest.h"

namespace tobari::vmhost {

struct ImageFiles {
  std::filesystem::path kernel;  // empty: it boots from its disk
  std::filesystem::path initrd;  // empty: none
  std::filesystem::path disk;
  ImageManifest manifest;
  std::filesystem::path root{};    // of an image for containers, which has nothing of the others
  std::filesystem::path medium{};  // empty: none
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
  // Its files were read and have the digests that the manifest states, just now: they need not be read again.
  [[nodiscard]] Result<void> trust(const std::string& name);
  // The digests of the catalogue's versions, by "name@version". Any thread.
  void expect(std::map<std::string, std::string> digests);
  // Without looking at the files.
  [[nodiscard]] Result<ImageManifest> manifest(const std::string& name) const;
  // Those with a readable manifest.
  [[nodiscard]] std::vector<ImageName> list() const;

 private:
  // What other threads give.
  struct Expected {
    std::mutex mutex;
    std::map<std::string, std::string> digests;
  };
  [[nodiscard]] Result<std::string> manifest_text_of(const std::string& name) const;
  [[nodiscard]] Result<void> check_expected(const std::string& name, const std::string& text) const;
  [[nodiscard]] Result<void> check(const std::string& image, const std::filesystem::path& file,
                                   const std::string& digest);
  void load_cache();
  void save_cache() const;

  std::filesystem::path images_dir_;
  std::filesystem::path cache_file_;
  std::map<std::string, std::string> known_;  // "path size mtime inode" -> digest
  std::unique_ptr<Expected> expected_ = std::make_unique<Expected>();
};

}  // namespace tobari::vmhost
