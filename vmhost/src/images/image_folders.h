// SPDX-License-Identifier: GPL-3.0-or-later
// Versions of the catalogue on disk: images_dir/NAME@VERSION, each made under another name first. What has its real
// name is whole and durable, whatever died when; what has not is removed at the next start, or gone on with when it is
// a copy under way. One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include <tobari/base/result.h>

#include "host/image_manifest.h"
#include "images/image_job.h"

namespace tobari::vmhost {

class ImageFolders {
 public:
  explicit ImageFolders(std::filesystem::path images_dir) : dir_(std::move(images_dir)) {}

  // What imports and removals left that were under way. Copies stay: they are gone on with.
  [[nodiscard]] Result<void> clean_up() const;

  struct Workshop {
    std::filesystem::path folder;  // becomes the version
    std::filesystem::path work;    // in it: belongs to whoever converts
  };
  // An empty one. `worker`: whose `work` is; empty: ours.
  [[nodiscard]] Result<Workshop> begin_import(const std::string& ref, std::optional<std::uint32_t> worker) const;
  // Where a copy goes; what an earlier attempt has fetched is there.
  [[nodiscard]] Result<std::filesystem::path> begin_copy(const std::string& ref) const;
  // The folder with the files that `manifest` names and its text becomes the version; everything else in it goes.
  [[nodiscard]] Result<void> commit(const std::filesystem::path& folder, const std::string& ref,
                                    const std::string& manifest) const;
  void give_up(const std::filesystem::path& folder) const noexcept;
  // Of the version. kNotFound: it is not here.
  [[nodiscard]] Result<std::string> digest_of(const std::string& ref) const;
  // Reads every file. kInvalidArgument: one is not what it was.
  [[nodiscard]] Result<void> verify(const std::string& ref, const std::string& digest, const ImageJob& job) const;
  // Which order to verify was the newest that found all right; kept beside the files, because reading them takes long.
  [[nodiscard]] std::uint32_t verified_number(const std::string& ref) const;
  void note_verified(const std::string& ref, std::uint32_t number) const;
  [[nodiscard]] Result<void> remove(const std::string& ref) const;

  [[nodiscard]] std::filesystem::path folder_of(const std::string& ref) const { return dir_ / ref; }
  [[nodiscard]] const std::filesystem::path& images_dir() const noexcept { return dir_; }

 private:
  [[nodiscard]] Result<void> put_away(const std::string& ref) const;

  std::filesystem::path dir_;
};

}  // namespace tobari::vmhost
