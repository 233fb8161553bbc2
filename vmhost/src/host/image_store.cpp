// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/image_store.h"

#include <cerrno>
#include <format>
#include <fstream>
#include <sstream>

#include <sys/stat.h>

#include <tobari/base/image_ref.h>
#include <tobari/base/log.h>
#include <tobari/base/random.h>

#include "core/qcow2_header.h"
#include "host/files.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxCacheBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxImages = 256;

// What cannot stay the same when somebody writes to the file.
Result<std::string> stamp_of(const fs::path& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return fail_errno(errno, "find " + file.string());
  if (!S_ISREG(info.st_mode)) return fail(Errc::kInvalidArgument, file.string() + " is no regular file");
  // VMs run as a user of their own and may read an image, never write it.
  if ((info.st_mode & S_IROTH) == 0 || (info.st_mode & S_IWOTH) != 0) {
    return fail(Errc::kInvalidArgument, file.string() + " must be readable, and not writable, by everybody: chmod 644");
  }
  return std::format("{} {} {}.{:09} {}", file.string(), info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                     info.st_ino);
}

Result<void> check_base_disk(const fs::path& disk) {
  std::string head(kMaxQcow2HeaderBytes, '\0');
  std::ifstream file(disk, std::ios::binary);
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  auto header = parse_qcow2_header(std::as_bytes(std::span(head)));
  if (!header) return context(std::move(header).error(), disk.string());
  if (!header->backing_file.empty()) {
    return fail(Errc::kInvalidArgument, disk.string() + " stands on another file; an image must be whole");
  }
  return {};
}

}  // namespace

ImageStore::ImageStore(fs::path images_dir, fs::path cache_file)
    : images_dir_(std::move(images_dir)), cache_file_(std::move(cache_file)) {
  load_cache();
}

void ImageStore::expect(std::map<std::string, std::string> digests) {
  const std::scoped_lock lock(expected_->mutex);
  expected_->digests = std::move(digests);
}

Result<std::string> ImageStore::manifest_text_of(const std::string& name) const {
  if (!is_image_reference(name)) return fail(Errc::kInvalidArgument, "malformed image name");
  auto text = read_small_file(images_dir_ / name / "manifest.json", kMaxManifestBytes);
  if (!text) return fail(Errc::kNotFound, std::format("there is no image \"{}\" on this host", name));
  return text;
}

Result<void> ImageStore::check_expected(const std::string& name, const std::string& text) const {
  const auto ref = parse_image_ref(name);
  if (!ref || ref->version == 0) return {};
  const std::string digest = sha256(text);
  const std::scoped_lock lock(expected_->mutex);
  const auto stated = expected_->digests.find(name);
  if (stated == expected_->digests.end()) {
    return fail(Errc::kNotFound, std::format("the broker has said nothing of image \"{}\" yet", name));
  }
  if (stated->second == to_hex(std::as_bytes(std::span(digest)))) return {};
  return fail(Errc::kInvalidArgument,
              std::format("image \"{}\" was changed: its manifest is not the one that the catalogue knows", name));
}

Result<ImageManifest> ImageStore::manifest(const std::string& name) const {
  TOBARI_ASSIGN(const std::string text, manifest_text_of(name));
  auto manifest = parse_manifest(text);
  if (!manifest) return context(std::move(manifest).error(), std::format("image \"{}\"", name));
  return manifest;
}

Result<void> ImageStore::trust(const std::string& name) {
  TOBARI_ASSIGN(const ImageManifest stated, manifest(name));
  for (const auto& [file, digest] : stated.sha256) {
    const auto stamp = stamp_of(images_dir_ / name / file);
    if (stamp) known_[*stamp] = digest;
  }
  save_cache();
  return {};
}

Result<ImageFiles> ImageStore::verified(const std::string& name) {
  TOBARI_ASSIGN(const std::string text, manifest_text_of(name));
  TOBARI_TRY(check_expected(name, text));
  TOBARI_ASSIGN(ImageManifest found, manifest(name));
  const auto file_of_image = [dir = images_dir_ / name](const std::string& file) {
    return file.empty() ? fs::path() : dir / file;
  };
  if (found.machine == MachineKind::kContainer) {
    ImageFiles archive;
    archive.root = file_of_image(found.root);
    TOBARI_TRY(check(name, archive.root, found.sha256.at(found.root)));
    archive.manifest = std::move(found);
    return archive;
  }
  ImageFiles files{.kernel = file_of_image(found.kernel),
                   .initrd = file_of_image(found.initrd),
                   .disk = file_of_image(found.disk),
                   .manifest = {},
                   .root = {},
                   .medium = file_of_image(found.medium)};
  for (const std::string& file : {found.kernel, found.initrd, found.medium}) {
    if (!file.empty()) TOBARI_TRY(check(name, file_of_image(file), found.sha256.at(file)));
  }
  TOBARI_TRY(check(name, files.disk, found.sha256.at(found.disk)));
  TOBARI_TRY(check_base_disk(files.disk));
  files.manifest = std::move(found);
  return files;
}

Result<void> ImageStore::check(const std::string& image, const fs::path& file, const std::string& digest) {
  TOBARI_ASSIGN(const std::string stamp, stamp_of(file));
  auto known = known_.find(stamp);
  if (known == known_.end()) {
    log::info("checking image", {{"file", file.string()}});
    TOBARI_ASSIGN(std::string computed, sha256_hex_of_file(file));
    known = known_.emplace(stamp, std::move(computed)).first;
    save_cache();
  }
  if (known->second == digest) return {};
  return fail(
      Errc::kInvalidArgument,
      std::format("image \"{}\" is damaged or was changed: {} does not have the digest that its manifest states", image,
                  file.filename().string()));
}

std::vector<ImageName> ImageStore::list() const {
  std::vector<ImageName> found;
  std::error_code error;
  for (fs::directory_iterator at(images_dir_, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (found.size() >= kMaxImages || !is_image_reference(name)) continue;
    const auto text = read_small_file(at->path() / "manifest.json", kMaxManifestBytes);
    const auto manifest = text ? parse_manifest(*text) : fail(Errc::kNotFound, "no manifest");
    if (!manifest) continue;
    const std::string digest = sha256(*text);
    found.push_back({name, to_hex(std::as_bytes(std::span(digest))), manifest->machine,
                     manifest->root.empty() ? std::string() : manifest->sha256.at(manifest->root)});
  }
  return found;
}

// One line a file: stamp, then digest. Lost or damaged, it costs reading the images again.
void ImageStore::load_cache() {
  const auto text = read_small_file(cache_file_, kMaxCacheBytes);
  if (!text) return;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.rfind(' ');
    if (space != std::string::npos && line.size() - space == 65) known_[line.substr(0, space)] = line.substr(space + 1);
  }
}

void ImageStore::save_cache() const {
  std::string text;
  for (const auto& [stamp, digest] : known_) text += std::format("{} {}\n", stamp, digest);
  if (const auto saved = write_file_durably(cache_file_, text); !saved) {
    log::warning("image digests are not remembered", {{"reason", saved.error().message}});
  }
}

}  // namespace tobari::vmhost
