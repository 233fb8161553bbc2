// SPDX-License-Identifier: GPL-3.0-or-later
#include "images/image_import.h"

#include <algorithm>
#include <format>
#include <map>
#include <utility>

#include <tobari/base/log.h>

#include "core/qcow2_header.h"
#include "host/files.h"
#include "images/image_room.h"
#include "images/source_file.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDiskFile = "disk.qcow2";
constexpr const char* kMediumFile = "medium.iso";
constexpr const char* kMadeManifest = "manifest.json";
constexpr std::uint32_t kConverted = 900;  // permille; the rest is for digests

// A file of imports_dir, not of anywhere else.
Result<fs::path> source_path(const fs::path& imports_dir, const std::string& name) {
  constexpr std::size_t kMaxName = 255;
  const bool plain = !name.empty() && name.size() <= kMaxName && name.front() != '.' &&
                     name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
  if (!plain) {
    return fail(Errc::kInvalidArgument, "the file must be a name without folders, of imports_dir on the host");
  }
  if (imports_dir.empty()) {
    return fail(Errc::kUnavailable, "this host imports nothing: imports_dir is not in its configuration");
  }
  return imports_dir / name;
}

GoOn go_on_of(const ImageJob& job) {
  return [&job] { return job.still_wanted(); };
}

}  // namespace

Result<wire::ImageFacts> ImageImport::run(const std::string& ref, const wire::ImageImport& order, ImageJob& job) {
  std::string guest;
  if (!folders_.digest_of(ref)) {
    TOBARI_ASSIGN(const auto shop, folders_.begin_import(ref, converter_.owner()));
    auto made = make(shop, ref, order, job);
    if (!made) {
      folders_.give_up(shop.folder);
      return std::unexpected(std::move(made).error());
    }
    guest = *std::move(made);
  }
  const fs::path folder = folders_.folder_of(ref);
  TOBARI_ASSIGN(const std::string text, read_small_file(folder / kMadeManifest, kMaxManifestBytes));
  TOBARI_ASSIGN(const ImageManifest manifest, parse_manifest(text));
  wire::ImageFacts facts = facts_of(manifest, folder);
  facts.set_format(order.format());
  facts.set_guest(guest);
  return facts;
}

Result<std::string> ImageImport::make(const ImageFolders::Workshop& shop, const std::string& ref,
                                      const wire::ImageImport& order, ImageJob& job) {
  TOBARI_ASSIGN(const SourceFormat format, parse_source_format(order.format()));
  auto made = format == SourceFormat::kTobari ? from_folder(shop, order, job) : from_disk(shop, order, format, job);
  TOBARI_TRY(made);
  ImageManifest& manifest = made->manifest;
  if (manifest.sha256.empty()) {
    std::uint32_t done = 0;
    for (const std::string& file : {manifest.disk, manifest.medium}) {
      if (file.empty()) continue;
      job.say("its digest is being computed", kConverted + done++ * 50);
      TOBARI_ASSIGN(manifest.sha256[file], sha256_hex_of_file(shop.folder / file, go_on_of(job)));
    }
  }
  const std::string source = std::format("{} ({})", order.file(), order.format());
  TOBARI_TRY(folders_.commit(shop.folder, ref, manifest_text(manifest, source)));
  log::info("image imported", {{"image", ref}, {"file", order.file()}, {"format", order.format()}});
  return std::move(made->guest);
}

Result<void> ImageImport::need_room(std::uint64_t bytes) const {
  TOBARI_ASSIGN(const RoomUse use, images_room(folders_.images_dir()));
  return check_room(folders_.images_dir().string(), places_.rules, use, bytes, 0);
}

ConversionWatch ImageImport::watch_of(ImageJob& job, const char* doing, std::uint32_t from, std::uint32_t to) const {
  return {.progress =
              [&job, doing, from, to](std::uint32_t permille) {
                job.say(doing, from + (to - from) * std::min(permille, 1000U) / 1000);
              },
          .still_wanted = [this, &job]() -> Result<void> {
            TOBARI_TRY(job.still_wanted());
            return need_room(0);
          }};
}

Result<ImageImport::Made> ImageImport::from_disk(const ImageFolders::Workshop& shop, const wire::ImageImport& order,
                                                 SourceFormat format, ImageJob& job) {
  job.say("the file is being looked at", 0);
  TOBARI_ASSIGN(const fs::path file, source_path(places_.imports_dir, order.file()));
  TOBARI_ASSIGN(const SourceFile opened, SourceFile::open(file));
  if (converter_.owner() && !opened.readable_by_all()) {
    return fail(Errc::kInvalidArgument,
                std::format("{} is read by a user of its own, who may not: chmod 644 it first", file.string()));
  }
  auto source = examine_source(opened, format);
  if (!source) return context(std::move(source).error(), order.file());
  if (source->virtual_bytes > kMaxImportedBytes) {
    return fail(Errc::kInvalidArgument, std::format("a disk of {} is larger than {}, the most that is imported",
                                                    in_gib(source->virtual_bytes), in_gib(kMaxImportedBytes)));
  }
  if (!source->sha256.empty()) {
    job.say("the digest that the archive states is being checked", 0);
    TOBARI_ASSIGN(const std::string digest, sha256_hex_of_part(file, source->at, source->bytes, go_on_of(job)));
    if (digest != source->sha256) {
      return fail(Errc::kInvalidArgument, "the disk in the archive does not have the digest that the archive states");
    }
  }
  if (source->format == SourceFormat::kIso) return from_medium(shop, order, *source, job);
  TOBARI_TRY(need_room(std::min(source->bytes, source->virtual_bytes)));
  TOBARI_ASSIGN(ImageManifest manifest, manifest_for(order, *source));
  TOBARI_TRY(convert(shop, *source, file, order.drivers(), job));
  TOBARI_TRY(check_made(shop.folder / kDiskFile, source->virtual_bytes));
  return Made{std::move(manifest), source->guest};
}

Result<void> ImageImport::convert(const ImageFolders::Workshop& shop, const ImageSource& source, const fs::path& file,
                                  bool drivers, ImageJob& job) {
  fs::path made = shop.work / kDiskFile;
  const std::uint32_t share = drivers ? kConverted / 2 : kConverted;
  TOBARI_TRY(converter_.convert(source, file, made, watch_of(job, "the disk is being converted", 0, share)));
  if (drivers) {
    job.say("drivers are being installed", share);
    const fs::path driven = shop.work / "driven.qcow2";
    TOBARI_TRY(
        converter_.install_drivers(made, driven, watch_of(job, "drivers are being installed", share, kConverted)));
    made = driven;
  }
  std::error_code error;
  fs::rename(made, shop.folder / kDiskFile, error);
  if (error) return fail(Errc::kIo, std::format("take the disk that was made: {}", error.message()));
  return need_room(0);  // it may have been quicker than whoever looked
}

// What the program made is believed as little as what it was given.
Result<void> ImageImport::check_made(const fs::path& disk, std::uint64_t virtual_bytes) const {
  TOBARI_ASSIGN(const SourceFile made, SourceFile::open(disk));
  auto facts = examine_qcow2(made);
  if (!facts) return context(std::move(facts).error(), "the disk that was made is not usable");
  if (facts->virtual_bytes == virtual_bytes) return {};
  return fail(Errc::kInvalidArgument, std::format("the file lies about its size: it says {} bytes and has {}",
                                                  virtual_bytes, facts->virtual_bytes));
}

Result<ImageImport::Made> ImageImport::from_medium(const ImageFolders::Workshop& shop, const wire::ImageImport& order,
                                                   const ImageSource& source, ImageJob& job) {
  if (order.disk_gib() == 0 || order.disk_gib() > kMaxMediumDiskGib) {
    return fail(Errc::kInvalidArgument,
                std::format("a medium needs an empty disk beside it, of 1 to {} GiB (disk_gib)", kMaxMediumDiskGib));
  }
  TOBARI_TRY(need_room(source.bytes));
  TOBARI_ASSIGN(ImageManifest manifest, manifest_for(order, source));
  TOBARI_ASSIGN(const fs::path file, source_path(places_.imports_dir, order.file()));
  TOBARI_TRY(copy_watched(file, shop.folder / kMediumFile, watch_of(job, "the medium is being copied", 0, kConverted)));
  const std::uint64_t bytes = std::uint64_t{order.disk_gib()} << 30U;
  TOBARI_TRY(converter_.create(shop.work / kDiskFile, bytes));
  std::error_code error;
  fs::rename(shop.work / kDiskFile, shop.folder / kDiskFile, error);
  if (error) return fail(Errc::kIo, std::format("take the disk that was made: {}", error.message()));
  TOBARI_TRY(check_made(shop.folder / kDiskFile, bytes));
  return Made{std::move(manifest), {}};
}

// An image as hosts have it, for example one that installer/guest/build makes: its digests are checked and kept.
Result<ImageImport::Made> ImageImport::from_folder(const ImageFolders::Workshop& shop, const wire::ImageImport& order,
                                                   ImageJob& job) {
  TOBARI_ASSIGN(const fs::path from, source_path(places_.imports_dir, order.file()));
  const auto text = read_small_file(from / kMadeManifest, kMaxManifestBytes);
  if (!text) return fail(Errc::kNotFound, std::format("there is no {} on this host", (from / kMadeManifest).string()));
  auto manifest = parse_manifest(*text);
  if (!manifest) return context(std::move(manifest).error(), from.string());
  std::map<std::string, std::string> used;
  for (const std::string& file :
       {manifest->kernel, manifest->initrd, manifest->disk, manifest->medium, manifest->root}) {
    if (!file.empty()) used[file] = manifest->sha256.at(file);
  }
  manifest->sha256 = used;
  std::uint64_t bytes = 0;
  for (const auto& [file, digest] : used) {
    TOBARI_ASSIGN(const SourceFile opened, SourceFile::open(from / file));
    bytes += opened.size();
  }
  TOBARI_TRY(need_room(bytes));
  std::uint32_t done = 0;
  const auto share = kConverted / static_cast<std::uint32_t>(std::max<std::size_t>(used.size(), 1));
  for (const auto& [file, digest] : used) {
    TOBARI_TRY(copy_watched(from / file, shop.folder / file,
                            watch_of(job, "its files are being copied", done * share, (done + 1) * share)));
    ++done;
    TOBARI_ASSIGN(const std::string found, sha256_hex_of_file(shop.folder / file, go_on_of(job)));
    if (found != digest) {
      return fail(Errc::kInvalidArgument, std::format("{} does not have the digest that its manifest states", file));
    }
  }
  // A container's archive is looked at when it is unpacked (host/container_store.h).
  if (manifest->machine == MachineKind::kContainer) return Made{*std::move(manifest), {}};
  TOBARI_ASSIGN(const SourceFile disk, SourceFile::open(shop.folder / manifest->disk));
  auto facts = examine_qcow2(disk);
  if (!facts) return context(std::move(facts).error(), manifest->disk);
  return Made{*std::move(manifest), {}};
}

}  // namespace tobari::vmhost
