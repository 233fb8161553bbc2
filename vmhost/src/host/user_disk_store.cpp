// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/user_disk_store.h"

#include <algorithm>
#include <cerrno>
#include <format>
#include <unistd.h>
#include <utility>

#include <sys/stat.h>

#include "host/qcow2_files.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBytesAGib = std::uint64_t{1} << 30U;
constexpr std::size_t kMaxDisksCounted = 100'000;
constexpr std::size_t kSerialDigits = 16;

fs::path disk_path(const UserStorage& storage, const UserDiskId& id) { return storage.folder / (id.str() + ".qcow2"); }
fs::path folder_path(const UserStorage& storage, const UserDiskId& id) { return storage.folder / id.str(); }

bool exists_here(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

std::unexpected<Error> not_there_any_more(const UserStorage& storage, const UserDiskId& id) {
  return fail(Errc::kNotFound, std::format("the user's disk {} was in {} and is not: bring it back, or delete it there "
                                           "and in the broker",
                                           id.str(), storage.folder.string()));
}

// The guest has no way to write a header, but the file may have come from elsewhere.
Result<std::uint64_t> size_of_own(const fs::path& file) {
  auto header = qcow2_header_of(file);
  if (!header) return context(std::move(header).error(), "the user's disk");
  if (!header->backing_file.empty()) return fail(Errc::kInvalidArgument, "the user's disk stands on another file");
  return header->virtual_bytes;
}

}  // namespace

std::string serial_of(const UserDiskId& id) {
  std::string digits = id.str();
  std::erase(digits, '-');
  return digits.substr(0, kSerialDigits);
}

Result<const UserStorage*> UserDiskStore::storage_of(const std::string& name) const {
  if (name.empty()) return &own_;
  const auto found = shared_.find(name);
  if (found != shared_.end()) return &found->second;
  return fail(Errc::kNotFound, std::format("this host has no storage {} (user_storages in its configuration)", name));
}

std::vector<std::string> UserDiskStore::storages() const {
  std::vector<std::string> names;
  for (const auto& [name, storage] : shared_) names.push_back(name);
  return names;
}

Result<void> UserDiskStore::check_room(const UserStorage& storage, std::uint32_t more_gib) const {
  if (storage.max_gib == 0) return {};
  std::uint64_t promised = 0;
  std::size_t looked_at = 0;
  std::error_code error;
  for (fs::directory_iterator at(storage.folder, error), end; !error && at != end; at.increment(error)) {
    if (++looked_at > kMaxDisksCounted) break;
    if (at->path().extension() != ".qcow2") continue;
    promised += size_of_own(at->path()).value_or(0);
  }
  if (error) return fail(Errc::kIo, "read " + storage.folder.string() + ": " + error.message());
  if (promised + more_gib * kBytesAGib <= storage.max_gib * kBytesAGib) return {};
  return fail(Errc::kExhausted, std::format("no room for a user's disk of {} GiB in {}: {} of {} GiB are promised",
                                            more_gib, storage.folder.string(), promised / kBytesAGib, storage.max_gib));
}

Result<void> UserDiskStore::give_away(const fs::path& path) const {
  if (owner_ && ::lchown(path.c_str(), owner_->uid, owner_->gid) != 0) {
    return fail_errno(errno, "give away " + path.string());
  }
  return {};
}

Result<fs::path> UserDiskStore::ensure_disk(const Wanted& wanted) const {
  TOBARI_ASSIGN(const UserStorage* const storage, storage_of(wanted.storage));
  if (!exists_here(storage->folder)) {
    return fail(Errc::kUnavailable, std::format("{} is not there: is it mounted?", storage->folder.string()));
  }
  const std::uint32_t size = std::clamp(wanted.size_gib, 1U, kMaxUserDiskGib);
  const fs::path path = disk_path(*storage, wanted.id);
  if (!exists_here(path)) {
    if (wanted.made) return not_there_any_more(*storage, wanted.id);
    TOBARI_TRY(check_room(*storage, size));
    const std::string fresh = path.string() + ".new";
    auto written = run_qemu_img({"create", "-q", "-f", "qcow2", fresh, std::format("{}G", size)});
    if (written) written = finish_file(fresh, path);
    if (!written) {
      ::unlink(fresh.c_str());
      if (is_full(storage->folder)) {
        return fail(Errc::kExhausted, std::format("no room for a user's disk: {} is full", storage->folder.string()));
      }
      return std::unexpected<Error>(std::move(written).error());
    }
  }
  TOBARI_ASSIGN(const std::uint64_t bytes, size_of_own(path));
  if (bytes < size * kBytesAGib) {
    TOBARI_TRY(check_room(*storage, static_cast<std::uint32_t>(size - bytes / kBytesAGib)));
    TOBARI_TRY(run_qemu_img({"resize", "-q", "-f", "qcow2", path.string(), std::format("{}G", size)}));
  }
  TOBARI_TRY(give_away(path));
  return path;
}

Result<fs::path> UserDiskStore::ensure_folder(const Wanted& wanted) const {
  TOBARI_ASSIGN(const UserStorage* const storage, storage_of(wanted.storage));
  if (!exists_here(storage->folder)) {
    return fail(Errc::kUnavailable, std::format("{} is not there: is it mounted?", storage->folder.string()));
  }
  const fs::path path = folder_path(*storage, wanted.id);
  if (!exists_here(path)) {
    if (wanted.made) return not_there_any_more(*storage, wanted.id);
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(errno, "make " + path.string());
  }
  TOBARI_TRY(give_away(path));
  return path;
}

Result<void> UserDiskStore::remove(const UserDiskId& id, const std::string& storage_name) const {
  TOBARI_ASSIGN(const UserStorage* const storage, storage_of(storage_name));
  // With the storage away everything would look as if it were gone.
  if (!exists_here(storage->folder)) {
    return fail(Errc::kUnavailable, std::format("{} is not there: is it mounted?", storage->folder.string()));
  }
  for (const fs::path& path : {disk_path(*storage, id), fs::path(disk_path(*storage, id).string() + ".new")}) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "remove " + path.string());
  }
  std::error_code error;
  fs::remove_all(folder_path(*storage, id), error);  // what links in it point to stays
  if (error) return fail(Errc::kIo, std::format("remove {}: {}", folder_path(*storage, id).string(), error.message()));
  return {};
}

}  // namespace tobari::vmhost
