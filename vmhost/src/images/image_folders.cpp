// SPDX-License-Identifier: GPL-3.0-or-later
#include "images/image_folders.h"

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <format>
#include <span>
#include <unistd.h>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include <tobari/base/log.h>
#include <tobari/base/random.h>
#include <tobari/base/unique_fd.h>

#include "host/files.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

// No names of images: those do not begin with a dot.
constexpr const char* kImporting = ".importing";
constexpr const char* kCopying = ".copying";
constexpr const char* kRemoved = ".removed";
constexpr const char* kManifestFile = "manifest.json";
constexpr const char* kVerifiedFile = "verified";
constexpr std::size_t kMaxNumberText = 16;

Result<void> make_image_folder(const fs::path& path, mode_t mode) {
  // Set afterwards: a service's umask leaves nothing to others.
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return fail_errno(errno, "make " + path.string());
  if (::chmod(path.c_str(), mode) != 0) return fail_errno(errno, "set the mode of " + path.string());
  return {};
}

Result<void> sync_images_folder(const fs::path& path) {
  const UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return fail_errno(errno, "write " + path.string());
  return {};
}

Result<void> remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return fail(Errc::kIo, std::format("remove {}: {}", path.string(), error.message()));
  return {};
}

// What a program of another user has made: nobody's to write from now on, whole on disk.
Result<void> take_over(const fs::path& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info{};
  if (!file || ::fstat(file.get(), &info) != 0) return fail_errno(errno, "open " + path.string());
  if (!S_ISREG(info.st_mode) || info.st_nlink != 1) {
    return fail(Errc::kInvalidArgument, std::format("{} is no plain file of its own", path.string()));
  }
  if (::geteuid() == 0 && ::fchown(file.get(), 0, 0) != 0) return fail_errno(errno, "take " + path.string());
  if (::fchmod(file.get(), 0644) != 0) return fail_errno(errno, "set the mode of " + path.string());
  if (::fsync(file.get()) != 0) return fail_errno(errno, "write " + path.string());
  return {};
}

std::string hex_digest_of(const std::string& text) {
  const std::string digest = sha256(text);
  return to_hex(std::as_bytes(std::span(digest)));
}

}  // namespace

Result<void> ImageFolders::clean_up() const {
  for (const char* left : {kImporting, kRemoved}) TOBARI_TRY(remove_tree(dir_ / left));
  return {};
}

Result<ImageFolders::Workshop> ImageFolders::begin_import(const std::string& ref,
                                                          std::optional<std::uint32_t> worker) const {
  TOBARI_TRY(make_image_folder(dir_ / kImporting, 0711));
  const Workshop made{dir_ / kImporting / ref, dir_ / kImporting / ref / "work"};
  TOBARI_TRY(remove_tree(made.folder));
  TOBARI_TRY(make_image_folder(made.folder, 0711));
  TOBARI_TRY(make_image_folder(made.work, 0700));
  if (worker && ::chown(made.work.c_str(), *worker, *worker) != 0) {
    return fail_errno(errno, "give away " + made.work.string());
  }
  return made;
}

Result<fs::path> ImageFolders::begin_copy(const std::string& ref) const {
  TOBARI_TRY(make_image_folder(dir_ / kCopying, 0711));
  const fs::path folder = dir_ / kCopying / ref;
  TOBARI_TRY(make_image_folder(folder, 0711));
  return folder;
}

Result<void> ImageFolders::commit(const fs::path& folder, const std::string& ref, const std::string& manifest) const {
  TOBARI_ASSIGN(const ImageManifest stated, parse_manifest(manifest));
  std::set<std::string> named{kManifestFile};
  for (const auto& [file, digest] : stated.sha256) {
    TOBARI_TRY(take_over(folder / file));
    named.insert(file);
  }
  std::vector<fs::path> others;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (!named.contains(at->path().filename().string())) others.push_back(at->path());
  }
  if (error) return fail(Errc::kIo, std::format("read {}: {}", folder.string(), error.message()));
  for (const fs::path& other : others) TOBARI_TRY(remove_tree(other));
  TOBARI_TRY(write_file_durably(folder / kManifestFile, manifest));
  if (::chmod((folder / kManifestFile).c_str(), 0644) != 0) return fail_errno(errno, "set the mode of the manifest");
  TOBARI_TRY(sync_images_folder(folder));
  TOBARI_TRY(put_away(ref));  // one of this name that is not what it should be
  if (::rename(folder.c_str(), folder_of(ref).c_str()) != 0) return fail_errno(errno, "rename " + folder.string());
  return sync_images_folder(dir_);
}

void ImageFolders::give_up(const fs::path& folder) const noexcept {
  const auto removed = remove_tree(folder);
  if (!removed) log::warning("half an image stays until the next start", {{"reason", removed.error().message}});
}

Result<std::string> ImageFolders::digest_of(const std::string& ref) const {
  TOBARI_ASSIGN(const std::string text, read_small_file(folder_of(ref) / kManifestFile, kMaxManifestBytes));
  return hex_digest_of(text);
}

Result<void> ImageFolders::verify(const std::string& ref, const std::string& digest, const ImageJob& job) const {
  const GoOn go_on = [&job] { return job.still_wanted(); };
  TOBARI_ASSIGN(const std::string text, read_small_file(folder_of(ref) / kManifestFile, kMaxManifestBytes));
  if (hex_digest_of(text) != digest) {
    return fail(Errc::kInvalidArgument, "its manifest is not the one that the catalogue knows");
  }
  TOBARI_ASSIGN(const ImageManifest stated, parse_manifest(text));
  for (const auto& [file, expected] : stated.sha256) {
    TOBARI_ASSIGN(const std::string found, sha256_hex_of_file(folder_of(ref) / file, go_on));
    if (found != expected) return fail(Errc::kInvalidArgument, std::format("{} was changed on disk", file));
  }
  return {};
}

std::uint32_t ImageFolders::verified_number(const std::string& ref) const {
  const auto text = read_small_file(folder_of(ref) / kVerifiedFile, kMaxNumberText);
  std::uint32_t number = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

void ImageFolders::note_verified(const std::string& ref, std::uint32_t number) const {
  const auto kept = write_file_durably(folder_of(ref) / kVerifiedFile, std::to_string(number));
  if (!kept) log::warning("an image will be verified again", {{"image", ref}, {"reason", kept.error().message}});
}

Result<void> ImageFolders::remove(const std::string& ref) const {
  TOBARI_TRY(remove_tree(dir_ / kCopying / ref));
  return put_away(ref);
}

// Away from its name first, so that half of one is never seen.
Result<void> ImageFolders::put_away(const std::string& ref) const {
  TOBARI_TRY(make_image_folder(dir_ / kRemoved, 0711));
  const fs::path away = dir_ / kRemoved / ref;
  TOBARI_TRY(remove_tree(away));
  if (::rename(folder_of(ref).c_str(), away.c_str()) != 0) {
    return errno == ENOENT ? Result<void>{} : fail_errno(errno, "remove " + folder_of(ref).string());
  }
  TOBARI_TRY(sync_images_folder(dir_));
  return remove_tree(away);
}

}  // namespace tobari::vmhost
