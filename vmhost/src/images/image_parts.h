// SPDX-License-Identifier: GPL-3.0-or-later
// An image on its way from one host to another, in pieces, through the broker. One side reads pieces of what it has;
// the other fetches them, goes on where it stopped, and uses nothing before the digests fit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <tobari/base/result.h>

#include "core/disk_room.h"
#include "images/image_folders.h"
#include "images/image_job.h"

namespace tobari::vmhost {

inline constexpr std::uint32_t kMaxImagePartBytes = 512U << 10U;  // host.proto
// What is asked for at once: leases are renewed over the same lines.
inline constexpr std::uint32_t kImagePartBytes = 256U << 10U;
inline constexpr std::uint64_t kMaxImageFileBytes = std::uint64_t{16} << 40U;

struct ImagePartBytes {
  std::string bytes;  // none: behind the end
  std::uint64_t file_bytes = 0;
};

// The host that has it. kNotFound: no such version here, or no file of it; kInvalidArgument: malformed.
[[nodiscard]] Result<ImagePartBytes> read_image_part(const std::filesystem::path& images_dir, const std::string& ref,
                                                     const std::string& file, std::uint64_t at, std::uint32_t most);

// The seam to where pieces come from: link/part_fetcher.h, and tests. Blocks. kUnavailable, kTimeout, kExhausted:
// later.
class PartSource {
 public:
  virtual ~PartSource() = default;
  [[nodiscard]] virtual Result<ImagePartBytes> fetch(const std::string& ref, const std::string& file, std::uint64_t at,
                                                     std::uint32_t most) = 0;
};

class ImageCopy {
 public:
  ImageCopy(const ImageFolders& folders, PartSource& source, RoomRules rules)
      : folders_(folders), source_(source), rules_(rules) {}

  // On success images_dir has the version with this digest; true: it was fetched and read just now. On an error what
  // was fetched stays, and the next run goes on from there; but a file whose digest does not fit is thrown away.
  // Blocks; the image worker's thread. `anew`: also when its manifest is there and right, because its files are not.
  [[nodiscard]] Result<bool> run(const std::string& ref, const std::string& digest, ImageJob& job, bool anew = false);

 private:
  // Waits while those who have it are busy with others.
  [[nodiscard]] Result<ImagePartBytes> next_part(const std::string& ref, const std::string& file, std::uint64_t at,
                                                 const ImageJob& job);
  [[nodiscard]] Result<std::string> fetch_manifest(const std::string& ref, const std::string& digest,
                                                   const ImageJob& job);
  [[nodiscard]] Result<void> fetch_file(const std::string& ref, const std::string& file,
                                        const std::filesystem::path& to, ImageJob& job);
  [[nodiscard]] Result<void> need_room(std::uint64_t bytes) const;

  const ImageFolders& folders_;
  PartSource& source_;
  const RoomRules rules_;
};

}  // namespace tobari::vmhost
