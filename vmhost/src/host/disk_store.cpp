// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/disk_store.h"

#include <cerrno>
#include <fcntl.h>
#include <format>
#include <fstream>
#include <spawn.h>
#include <unistd.h>
#include <vector>

#include <sys/stat.h>
#include <sys/wait.h>

#include "core/qcow2_header.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

// Runs a program without a shell; its complaints go to our standard error.
Result<void> run(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t child = -1;
  if (const int error = ::posix_spawnp(&child, argv[0], nullptr, nullptr, argv.data(), ::environ); error != 0) {
    return fail_errno(error, "start " + arguments[0]);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return fail_errno(errno, "wait for " + arguments[0]);
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return fail(Errc::kIo, arguments[0] + " failed");
  return {};
}

Result<Qcow2Header> header_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(Errc::kIo, "cannot read " + file.string());
  std::string head(kMaxQcow2HeaderBytes, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(in.gcount()));
  return parse_qcow2_header(std::as_bytes(std::span(head)));
}

}  // namespace

Result<fs::path> DiskStore::ensure(const DesktopId& id, const fs::path& base) {
  const fs::path overlay = path_of(id);
  std::error_code error;
  if (!fs::exists(overlay, error)) TOBARI_TRY(create(overlay, base));
  auto header = header_of(overlay);
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

Result<void> DiskStore::create(const fs::path& overlay, const fs::path& base) const {
  // Under another name first: what has the real name is whole.
  const std::string fresh = overlay.string() + ".new";
  TOBARI_TRY(run({"qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base.string(), fresh}));
  const UniqueFd file(::open(fresh.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::fchmod(file.get(), 0600) != 0 || ::fsync(file.get()) != 0) return fail_errno(errno, "write " + fresh);
  if (::rename(fresh.c_str(), overlay.c_str()) != 0) return fail_errno(errno, "rename " + fresh);
  return {};
}

Result<void> DiskStore::remove(const DesktopId& id) {
  for (const fs::path& path : {path_of(id), fs::path(path_of(id).string() + ".new")}) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "remove " + path.string());
  }
  return {};
}

}  // namespace tobari::vmhost
