// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/disk_store.h"

#include <algorithm>
#include <cerrno>
#include <format>
#include <fstream>
#include <span>
#include <string>
#include <unistd.h>
#include <vector>

#include <sys/stat.h>

#include "host/qcow2_files.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFreshOverlayBytes = 256U << 10U;
constexpr std::uint64_t kBytesOfABlock = 512;  // of st_blocks, whatever the file system has

// 0: it is no disk. Reads no more than it needs: there may be thousands.
std::uint64_t virtual_size_of(const fs::path& file) {
  constexpr std::size_t kSizeAt = 24;
  std::string head(kSizeAt + 8, '\0');
  std::ifstream in;
  in.rdbuf()->pubsetbuf(nullptr, 0);
  in.open(file, std::ios::binary);
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  if (!in || !head.starts_with("QFI\xfb")) return 0;
  return std::min(big_endian<std::uint64_t>(std::as_bytes(std::span(head)), kSizeAt), kMaxVirtualBytes);
}

// Under another name first: what has the real name is whole.
Result<void> write_overlay(const fs::path& overlay, const std::string& fresh, const fs::path& base) {
  TOBARI_TRY(run_qemu_img({"create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base.string(), fresh}));
  return finish_file(fresh, overlay);
}

}  // namespace

Result<void> make_overlay(const fs::path& overlay, const fs::path& base) {
  const std::string fresh = overlay.string() + ".new";
  auto written = write_overlay(overlay, fresh, base);
  if (written) return {};
  ::unlink(fresh.c_str());
  // qemu-img tells people only.
  if (is_full(overlay.parent_path())) {
    return fail(Errc::kExhausted, std::format("no room for a disk: {} is full", overlay.parent_path().string()));
  }
  return written;
}

fs::path DiskStore::path_of(const DesktopId& id, std::uint32_t number) const {
  return dir_ / (number == 0 ? id.str() + ".qcow2" : std::format("{}.{}.qcow2", id.str(), number));
}

Result<RoomUse> DiskStore::use() const {
  std::error_code error;
  const fs::space_info space = fs::space(dir_, error);
  if (error) return fail(Errc::kIo, "read " + dir_.string() + ": " + error.message());
  RoomUse found{.capacity_bytes = space.capacity, .free_bytes = space.available, .used_bytes = 0, .promised_bytes = 0};
  if (rules_.quota_bytes == 0 && rules_.overcommit_percent == 0) return found;
  for (fs::directory_iterator at(dir_, error), end; !error && at != end; at.increment(error)) {
    struct stat info{};
    if (::stat(at->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    found.used_bytes += static_cast<std::uint64_t>(info.st_blocks) * kBytesOfABlock;
    found.promised_bytes += virtual_size_of(at->path());
  }
  if (error) return fail(Errc::kIo, "read " + dir_.string() + ": " + error.message());
  return found;
}

Result<fs::path> DiskStore::ensure(const DesktopId& id, const fs::path& base, std::uint32_t number) {
  const fs::path overlay = path_of(id, number);
  std::error_code error;
  if (!fs::exists(overlay, error)) {
    const auto below = qcow2_header_of(base);
    TOBARI_ASSIGN(const RoomUse now, use());
    const std::uint64_t grows_to = below ? std::min(below->virtual_bytes, kMaxVirtualBytes) : 0;
    TOBARI_TRY(check_room(dir_.string(), rules_, now, kFreshOverlayBytes, grows_to));
    TOBARI_TRY(make_overlay(overlay, base));
  }
  auto header = qcow2_header_of(overlay);
  if (!header) return context(std::move(header).error(), "the desktop's disk");
  if (header->backing_file != base.string()) {
    return fail(Errc::kInvalidArgument,
                std::format("the desktop's disk was made for {}, not for {}", header->backing_file, base.string()));
  }
  if (header->backing_format != "qcow2") {
    return fail(Errc::kInvalidArgument, "the desktop's disk does not state the format of what it stands on");
  }
  if (owner_ && ::chown(overlay.c_str(), owner_->uid, owner_->gid) != 0) {
    return fail_errno(errno, "give away " + overlay.string());
  }
  return overlay;
}

Result<std::optional<fs::path>> DiskStore::base_of(const DesktopId& id, std::uint32_t number) const {
  std::error_code error;
  if (!fs::exists(path_of(id, number), error)) return std::optional<fs::path>();
  auto header = qcow2_header_of(path_of(id, number));
  if (!header) return context(std::move(header).error(), "the desktop's disk");
  return std::optional(fs::path(header->backing_file));
}

Result<void> check_base(const fs::path& overlay, const fs::path& base) {
  TOBARI_ASSIGN(const Qcow2Header header, qcow2_header_of(overlay));
  if (header.backing_file == base.string() && header.backing_format == "qcow2") return {};
  return fail(Errc::kInvalidArgument,
              std::format("{} was made for {}, not for {}", overlay.string(), header.backing_file, base.string()));
}

Result<bool> DiskStore::untouched(const DesktopId& id, std::uint32_t number) const {
  TOBARI_ASSIGN(const Qcow2Header header, qcow2_header_of(path_of(id, number)));
  std::vector<char> table(std::size_t{header.l1_entries} * 8);
  std::ifstream in(path_of(id, number), std::ios::binary);
  in.seekg(static_cast<std::streamoff>(header.l1_at));
  in.read(table.data(), static_cast<std::streamsize>(table.size()));
  if (!in) return fail(Errc::kIo, "the desktop's disk is cut short");
  return std::ranges::all_of(table, [](char byte) { return byte == 0; });
}

Result<std::set<fs::path>> DiskStore::bases() const {
  std::set<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(dir_, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != ".qcow2") continue;
    auto header = qcow2_header_of(at->path());
    if (header) found.insert(header->backing_file);
    // What is no disk is never started, and keeps nothing from being removed.
    if (!header && header.error().code != Errc::kInvalidArgument) {
      return context(std::move(header).error(), at->path().string());
    }
  }
  if (error) return fail(Errc::kIo, "read " + dir_.string() + ": " + error.message());
  return found;
}

Result<void> DiskStore::remove_all(const DesktopId& id, const std::string& except) {
  const std::string begin = id.str() + ".";
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(dir_, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    // A container's note begins with its id as well.
    const bool is_disk = name.starts_with(begin) && name.contains(".qcow2");
    if (is_disk && name != except) found.push_back(at->path());
  }
  if (error) return fail(Errc::kIo, "read " + dir_.string() + ": " + error.message());
  for (const fs::path& path : found) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "remove " + path.string());
  }
  return {};
}

Result<void> DiskStore::remove(const DesktopId& id) { return remove_all(id, {}); }

Result<void> DiskStore::drop_others(const DesktopId& id, std::uint32_t number) {
  return remove_all(id, path_of(id, number).filename().string());
}

}  // namespace tobari::vmhost
