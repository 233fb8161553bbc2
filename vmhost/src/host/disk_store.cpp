// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/disk_store.h"

#include <algorithm>
#include <cerrno>
#include <format>
#include <fstream>
#include <unistd.h>
#include <vector>

#include "host/qcow2_files.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

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

Result<fs::path> DiskStore::ensure(const DesktopId& id, const fs::path& base) {
  const fs::path overlay = path_of(id);
  std::error_code error;
  if (!fs::exists(overlay, error)) TOBARI_TRY(make_overlay(overlay, base));
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

Result<std::optional<fs::path>> DiskStore::base_of(const DesktopId& id) const {
  std::error_code error;
  if (!fs::exists(path_of(id), error)) return std::optional<fs::path>();
  auto header = qcow2_header_of(path_of(id));
  if (!header) return context(std::move(header).error(), "the desktop's disk");
  return std::optional(fs::path(header->backing_file));
}

Result<void> check_base(const fs::path& overlay, const fs::path& base) {
  TOBARI_ASSIGN(const Qcow2Header header, qcow2_header_of(overlay));
  if (header.backing_file == base.string() && header.backing_format == "qcow2") return {};
  return fail(Errc::kInvalidArgument,
              std::format("{} was made for {}, not for {}", overlay.string(), header.backing_file, base.string()));
}

Result<bool> DiskStore::untouched(const DesktopId& id) const {
  TOBARI_ASSIGN(const Qcow2Header header, qcow2_header_of(path_of(id)));
  std::vector<char> table(std::size_t{header.l1_entries} * 8);
  std::ifstream in(path_of(id), std::ios::binary);
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

Result<void> DiskStore::remove(const DesktopId& id) {
  for (const fs::path& path : {path_of(id), fs::path(path_of(id).string() + ".new")}) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "remove " + path.string());
  }
  return {};
}

}  // namespace tobari::vmhost
