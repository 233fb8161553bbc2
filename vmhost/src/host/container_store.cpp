// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/container_store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <format>
#include <unistd.h>
#include <utility>

#include <sys/stat.h>
#include <system_error>

#include <tobari/base/log.h>
#include <tobari/base/unique_fd.h>

#include "host/files.h"
#include "host/run_program.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBaseEntries = 2'000'000;
constexpr std::size_t kMaxNoteBytes = 128;
constexpr std::size_t kMaxLastWords = 256;
constexpr std::uint32_t kSessionUser = 1000;           // whose the desktop's session is, in there
constexpr std::uintmax_t kLeastFree = 64U << 20U;      // below it a failed unpacking is for want of room
constexpr mode_t kMayBecome = S_ISUID | S_ISGID;       // programs that run as their owner
constexpr mode_t kOthersMayWrite = S_IWGRP | S_IWOTH;  // in a base that all desktops share

// Mount points that libvirt and the first program need; nobody in a container could make them.
constexpr std::array kPlaces{".oldroot", ".tobari", ".tobari/base", ".tobari/own", ".tobari/root",
                             "dev",      "proc",    "run",          "sys",         "tmp"};

constexpr const char* kHomes = ".tobari/home";

Result<void> make_place(const fs::path& place, mode_t mode) {
  if (::mkdir(place.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(errno, "make " + place.string());
  struct stat info{};
  if (::lstat(place.c_str(), &info) != 0) return fail_errno(errno, "look at " + place.string());
  if (!S_ISDIR(info.st_mode)) return fail(Errc::kInvalidArgument, place.string() + " is no folder");
  // Not by mkdir, whose mode the umask narrows.
  if (::chmod(place.c_str(), mode) != 0) return fail_errno(errno, "set the mode of " + place.string());
  return {};
}

Result<void> close_up_entry(const fs::path& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return fail_errno(errno, "look at " + path.string());
  if (S_ISLNK(info.st_mode)) return {};
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
    return fail(Errc::kInvalidArgument,
                std::format("the image holds {}, which is neither a file, a folder nor a link", path.string()));
  }
  const mode_t mode = info.st_mode & ~(kMayBecome | kOthersMayWrite | S_ISVTX) & 07777;
  if (mode == (info.st_mode & 07777)) return {};
  if (::chmod(path.c_str(), mode) != 0) return fail_errno(errno, "set the mode of " + path.string());
  return {};
}

// It lies on the host, in a folder that others can search.
Result<void> close_up(const fs::path& folder) {
  std::error_code error;
  std::size_t entries = 0;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (++entries > kMaxBaseEntries) return fail(Errc::kInvalidArgument, "the image holds too many files");
    TOBARI_TRY(close_up_entry(at->path()));
  }
  if (error) return fail(Errc::kIo, std::format("look through {}: {}", folder.string(), error.message()));
  return {};
}

// Each desktop has copies. Under their own name they would lie below those, closed to whoever lays one over the other.
Result<void> put_homes_aside(const fs::path& base) {
  std::error_code error;
  if (fs::is_directory(fs::symlink_status(base / "home", error))) {
    fs::rename(base / "home", base / kHomes, error);
    if (error) return fail(Errc::kIo, std::format("put the image's homes aside: {}", error.message()));
  }
  TOBARI_TRY(make_place(base / kHomes, 0755));
  return make_place(base / "home", 0755);
}

Result<void> unpack(const fs::path& archive, const fs::path& folder) {
  TOBARI_TRY(make_place(folder, 0700));  // nobody else sees it before it is closed up
  // Neither owners nor anything that makes a program run as its owner is taken over: everything is ours, and in a
  // container nobody's. By a shell, because it can say with which umask.
  auto unpacked =
      run_program({"sh", "-c", "umask 022 && exec tar \"$@\"", "tar", "--extract", "--no-same-owner",
                   "--no-same-permissions", "--no-xattrs", "--file", archive.string(), "--directory", folder.string()});
  std::error_code error;
  if (!unpacked && fs::space(folder, error).available < kLeastFree && !error) {
    return fail(Errc::kExhausted, std::format("no room for an image's system: {} is full", folder.string()));
  }
  TOBARI_TRY(std::move(unpacked));
  TOBARI_TRY(close_up(folder));
  for (const char* place : kPlaces) TOBARI_TRY(make_place(folder / place, 0755));
  TOBARI_TRY(put_homes_aside(folder));
  const UniqueFd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened || ::syncfs(opened.get()) != 0) return fail_errno(errno, "write " + folder.string());
  return {};
}

Result<void> give_to(const fs::path& path, std::uint32_t id) {
  if (::lchown(path.c_str(), id, id) == 0) return {};
  return fail_errno(errno, "give away " + path.string());
}

Result<void> give_all_to(const fs::path& folder, std::uint32_t id) {
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    TOBARI_TRY(give_to(at->path(), id));
  }
  if (error) return fail(Errc::kIo, std::format("look through {}: {}", folder.string(), error.message()));
  return {};
}

struct OwnNote {
  std::string digest;        // of the base
  std::uint32_t number = 0;  // of the desktop's disk
};

std::string text_of_note(const OwnNote& note) {
  return note.number == 0 ? note.digest : std::format("{} {}", note.digest, note.number);
}

Result<OwnNote> read_note(const fs::path& file) {
  TOBARI_ASSIGN(const std::string text, read_small_file(file, kMaxNoteBytes));
  const std::size_t space = text.find(' ');
  OwnNote note{.digest = text.substr(0, space)};
  if (space == std::string::npos) return note;
  const auto [end, wrong] = std::from_chars(text.data() + space + 1, text.data() + text.size(), note.number);
  if (wrong != std::errc() || end != text.data() + text.size()) {
    return fail(Errc::kInvalidArgument, file.string() + " is damaged");
  }
  return note;
}

void remove_quietly(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

}  // namespace

// ---- bases

bool ContainerStore::has_base(const ImageFiles& image) const {
  std::error_code error;
  return fs::is_directory(options_.bases_dir / image.manifest.sha256.at(image.manifest.root), error);
}

Result<fs::path> ContainerStore::base(const ImageFiles& image) {
  const fs::path target = options_.bases_dir / image.manifest.sha256.at(image.manifest.root);
  if (has_base(image)) return target;
  const fs::path fresh = target.string() + ".new";
  remove_quietly(fresh);
  log::info("unpacking an image for containers", {{"archive", image.root.string()}});
  auto unpacked = unpack(image.root, fresh);
  if (unpacked && (::chmod(fresh.c_str(), 0755) != 0 || ::rename(fresh.c_str(), target.c_str()) != 0)) {
    unpacked = fail_errno(errno, "name " + target.string());
  }
  if (unpacked) return target;
  remove_quietly(fresh);
  return context(std::move(unpacked).error(), "unpack " + image.root.string());
}

void ContainerStore::forget_bases(const std::set<std::string>& but) {
  std::set<std::string> used = but;
  std::error_code error;
  for (fs::directory_iterator at(options_.disks_dir, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != ".base") continue;
    const auto note = read_note(at->path());
    if (!note) return;  // whose it is cannot be said: nothing is removed
    used.insert(note->digest);
  }
  if (error) return;
  for (fs::directory_iterator at(options_.bases_dir, error), end; !error && at != end; at.increment(error)) {
    if (used.contains(at->path().filename().string())) continue;
    log::info("removing an unpacked image that nobody uses", {{"folder", at->path().string()}});
    remove_quietly(at->path());
  }
}

// ---- what a desktop has of its own

Result<std::uint32_t> ContainerStore::free_ids() const {
  if (!options_.first_id) return 0U;
  std::set<std::uint32_t> taken;
  std::error_code error;
  for (fs::directory_iterator at(options_.disks_dir, error), end; !error && at != end; at.increment(error)) {
    struct stat info{};
    if (::lstat(at->path().c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) continue;
    if (info.st_uid >= *options_.first_id) taken.insert((info.st_uid - *options_.first_id) / kIdsOfContainer);
  }
  if (error) return fail(Errc::kIo, std::format("read {}: {}", options_.disks_dir.string(), error.message()));
  for (std::uint32_t i = 0; i < kMaxContainers; ++i) {
    if (!taken.contains(i)) return *options_.first_id + i * kIdsOfContainer;
  }
  return fail(Errc::kExhausted, "all users and groups for containers are taken");
}

// What root in there shall be able to change is root's in there; whatever else comes from the base belongs to nobody.
Result<void> ContainerStore::make_own(const fs::path& own, const fs::path& base, std::uint32_t first_id) const {
  TOBARI_TRY(make_place(own, 0700));
  TOBARI_TRY(make_place(own / "work", 0700));
  for (const char* folder : {"upper", "upper/etc", "upper/home", "upper/var"}) {
    TOBARI_TRY(make_place(own / folder, 0755));
  }
  TOBARI_TRY(make_place(own / "upper/var/tmp", 01777));
  std::error_code error;
  const auto how = fs::copy_options::recursive | fs::copy_options::copy_symlinks;
  fs::copy(base / kHomes, own / "upper/home", how, error);
  if (error) return fail(Errc::kIo, std::format("copy the image's homes: {}", error.message()));
  if (!options_.first_id) return {};
  TOBARI_TRY(give_all_to(own, first_id));
  TOBARI_TRY(give_all_to(own / "upper/home", first_id + kSessionUser));
  return give_to(own, first_id);
}

Result<ContainerFiles> ContainerStore::ensure(const DesktopId& id, const fs::path& base, std::uint32_t number) {
  const fs::path own = own_of(id);
  const std::string digest = base.filename().string();
  struct stat info{};
  const bool there = ::lstat(own.c_str(), &info) == 0;
  if (!there && errno != ENOENT) return fail_errno(errno, "look at " + own.string());
  if (there) {
    const auto made_for = read_note(note_of(id));
    if (!made_for || (made_for->number == number && made_for->digest != digest)) {
      return fail(Errc::kInvalidArgument, "the desktop's files were made for another version of its image");
    }
    if (made_for->number == number) {
      return ContainerFiles{.base = base, .own = own, .first_id = options_.first_id ? info.st_uid : 0, .host_name = {}};
    }
    TOBARI_TRY(remove(id));
  }
  TOBARI_ASSIGN(const std::uint32_t first_id, free_ids());
  const fs::path fresh = own.string() + ".new";
  remove_quietly(fresh);
  auto made = make_own(fresh, base, first_id);
  if (made) made = write_file_durably(note_of(id), text_of_note({digest, number}));
  if (made && ::rename(fresh.c_str(), own.c_str()) != 0) made = fail_errno(errno, "name " + own.string());
  if (made) return ContainerFiles{.base = base, .own = own, .first_id = first_id, .host_name = {}};
  remove_quietly(fresh);
  return context(std::move(made).error(), "make the desktop's files");
}

Result<bool> ContainerStore::is_used(const std::string& digest) const {
  std::error_code error;
  for (fs::directory_iterator at(options_.disks_dir, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != ".base") continue;
    const auto note = read_note(at->path());
    if (!note && note.error().code == Errc::kNotFound) continue;  // just deleted
    if (!note || note->digest == digest) return true;             // whose it is cannot be said: perhaps
  }
  if (error) return fail(Errc::kIo, std::format("read {}: {}", options_.disks_dir.string(), error.message()));
  return false;
}

Result<void> ContainerStore::remove(const DesktopId& id) {
  for (const fs::path& path : {own_of(id), fs::path(own_of(id).string() + ".new"), note_of(id)}) {
    std::error_code error;
    fs::remove_all(path, error);  // follows no link
    if (error) return fail(Errc::kIo, std::format("remove {}: {}", path.string(), error.message()));
  }
  return {};
}

// The folder is the desktop's: what has this name may be anything, and is neither followed nor waited for.
std::string ContainerStore::last_words(const DesktopId& id) const {
  const UniqueFd file(::open((own_of(id) / "boot.log").c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info{};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  std::string text(kMaxLastWords, '\0');
  const off_t from = std::max<off_t>(0, info.st_size - static_cast<off_t>(text.size()));
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), from);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (text.ends_with('\n')) text.pop_back();
  text.erase(0, text.rfind('\n') + 1);  // npos + 1 is 0
  std::ranges::replace_if(text, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

}  // namespace tobari::vmhost
