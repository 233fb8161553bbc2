// SPDX-License-Identifier: GPL-3.0-or-later
#include "images/image_parts.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <format>
#include <span>
#include <unistd.h>
#include <utility>

#include <sys/stat.h>

#include <tobari/base/image_ref.h>
#include <tobari/base/log.h>
#include <tobari/base/random.h>
#include <tobari/base/unique_fd.h>

#include "host/files.h"
#include "host/image_manifest.h"
#include "images/image_room.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPartsManifest = "manifest.json";
constexpr int kMostBusyTries = 600;
constexpr std::chrono::milliseconds kBusyPause{100};
constexpr std::uint64_t kRoomAskedEvery = std::uint64_t{64} << 20U;

bool is_version(const std::string& ref) {
  const auto parsed = parse_image_ref(ref);
  return parsed.has_value() && parsed->version != 0 && is_image_reference(ref);
}

// Only what the version's manifest names, or the manifest: never another file of this host.
Result<fs::path> named_file(const fs::path& images_dir, const std::string& ref, const std::string& file) {
  if (!is_version(ref)) return fail(Errc::kInvalidArgument, "not a version of an image");
  const fs::path folder = images_dir / ref;
  const auto text = read_small_file(folder / kPartsManifest, kMaxManifestBytes);
  if (!text) return fail(Errc::kNotFound, std::format("{} is not on this host", ref));
  if (file == kPartsManifest) return folder / file;
  TOBARI_ASSIGN(const ImageManifest manifest, parse_manifest(*text));
  if (!manifest.sha256.contains(file) || !is_image_name(file)) {
    return fail(Errc::kNotFound, std::format("{} has no file of that name", ref));
  }
  return folder / file;
}

Result<void> append_part(int file, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "write " + path.string());
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Result<ImagePartBytes> read_image_part(const fs::path& images_dir, const std::string& ref, const std::string& file,
                                       std::uint64_t at, std::uint32_t most) {
  TOBARI_ASSIGN(const fs::path path, named_file(images_dir, ref, file));
  const UniqueFd opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info{};
  if (!opened || ::fstat(opened.get(), &info) != 0) return fail_errno(errno, "open " + path.string());
  if (!S_ISREG(info.st_mode)) return fail(Errc::kInvalidArgument, std::format("{} is no plain file", path.string()));
  ImagePartBytes part{.bytes = {}, .file_bytes = static_cast<std::uint64_t>(info.st_size)};
  if (at >= part.file_bytes) return part;
  const std::uint64_t count = std::min<std::uint64_t>({most, kMaxImagePartBytes, part.file_bytes - at});
  part.bytes.resize(static_cast<std::size_t>(count));
  const ssize_t n = ::pread(opened.get(), part.bytes.data(), part.bytes.size(), static_cast<off_t>(at));
  if (n < 0) return fail_errno(errno, "read " + path.string());
  part.bytes.resize(static_cast<std::size_t>(n));
  return part;
}

Result<void> ImageCopy::need_room(std::uint64_t bytes) const {
  TOBARI_ASSIGN(const RoomUse use, images_room(folders_.images_dir()));
  return check_room(folders_.images_dir().string(), rules_, use, bytes, 0);
}

Result<ImagePartBytes> ImageCopy::next_part(const std::string& ref, const std::string& file, std::uint64_t at,
                                            const ImageJob& job) {
  for (int tries = 0;; ++tries) {
    TOBARI_TRY(job.still_wanted());
    auto part = source_.fetch(ref, file, at, kImagePartBytes);
    if (part || part.error().code != Errc::kExhausted || tries >= kMostBusyTries) return part;
    job.rest(kBusyPause);
  }
}

Result<std::string> ImageCopy::fetch_manifest(const std::string& ref, const std::string& digest, const ImageJob& job) {
  std::string text;
  for (;;) {
    TOBARI_ASSIGN(const ImagePartBytes part, next_part(ref, kPartsManifest, text.size(), job));
    if (part.bytes.empty()) break;
    text += part.bytes;
    if (text.size() > kMaxManifestBytes) {
      return fail(Errc::kPeerProtocol, "the manifest that another host has is too large");
    }
    if (text.size() >= part.file_bytes) break;
  }
  const std::string found = sha256(text);
  if (to_hex(std::as_bytes(std::span(found))) == digest) return text;
  return fail(Errc::kInvalidArgument, "the manifest that another host has is not the one that the catalogue knows");
}

// Behind what an earlier run has fetched.
Result<void> ImageCopy::fetch_file(const std::string& ref, const std::string& file, const fs::path& to, ImageJob& job) {
  const UniqueFd target(::open(to.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  struct stat info{};
  if (!target || ::fstat(target.get(), &info) != 0) return fail_errno(errno, "open " + to.string());
  auto at = static_cast<std::uint64_t>(info.st_size);
  std::uint64_t asked = 0;
  for (bool first = true;; first = false) {
    TOBARI_ASSIGN(const ImagePartBytes part, next_part(ref, file, at, job));
    if (part.file_bytes > kMaxImageFileBytes || part.bytes.size() > kMaxImagePartBytes) {
      return fail(Errc::kPeerProtocol, std::format("{} is larger than an image's file may be", file));
    }
    // The whole at first, and then now and then that others have left some.
    if (first) TOBARI_TRY(need_room(part.file_bytes > at ? part.file_bytes - at : 0));
    if (at - asked >= kRoomAskedEvery) {
      TOBARI_TRY(need_room(0));
      asked = at;
    }
    if (part.bytes.empty()) break;
    TOBARI_TRY(append_part(target.get(), part.bytes, to));
    at += part.bytes.size();
    job.say(std::format("{} is being copied from another host", file),
            static_cast<std::uint32_t>(std::min<std::uint64_t>(at / (part.file_bytes / 1000 + 1), 1000)));
    if (at >= part.file_bytes) break;
  }
  return ::fsync(target.get()) == 0 ? Result<void>{} : fail_errno(errno, "write " + to.string());
}

Result<bool> ImageCopy::run(const std::string& ref, const std::string& digest, ImageJob& job, bool anew) {
  if (const auto there = folders_.digest_of(ref); !anew && there && *there == digest) return false;
  job.say("its description is being copied from another host", 0);
  TOBARI_ASSIGN(const std::string text, fetch_manifest(ref, digest, job));
  TOBARI_ASSIGN(const ImageManifest manifest, parse_manifest(text));
  TOBARI_ASSIGN(const fs::path folder, folders_.begin_copy(ref));
  for (const auto& [file, expected] : manifest.sha256) {
    if (!is_image_name(file)) return fail(Errc::kInvalidArgument, "the manifest names an impossible file");
    const fs::path target = folder / file;
    TOBARI_TRY(fetch_file(ref, file, target, job));
    job.say(std::format("the digest of {} is being checked", file), 1000);
    TOBARI_ASSIGN(const std::string found, sha256_hex_of_file(target, [&job] { return job.still_wanted(); }));
    if (found == expected) continue;
    ::unlink(target.c_str());
    return fail(Errc::kInvalidArgument,
                std::format("{} as another host has it does not have the digest that it should have", file));
  }
  TOBARI_TRY(folders_.commit(folder, ref, text));
  log::info("image copied", {{"image", ref}});
  return true;
}

}  // namespace tobari::vmhost
