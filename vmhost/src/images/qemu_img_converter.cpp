// SPDX-License-Identifier: GPL-3.0-or-later
#include "images/qemu_img_converter.h"

#include <iterator>
#include <string>
#include <unistd.h>
#include <utility>

#include "core/qemu_img.h"
#include "images/confined.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVirtV2v = "/usr/bin/virt-v2v";
constexpr std::size_t kMaxKeptOutput = 256;                     // of which the newest progress is read
constexpr std::uint64_t kV2vMemory = std::uint64_t{16} << 30U;  // it starts a machine of its own to look into the disk

}  // namespace

Result<void> QemuImgConverter::convert(const ImageSource& source, const fs::path& file, const fs::path& to,
                                       const ConversionWatch& watch) {
  const ConfinedCommand look{.arguments = check_command(source, file.string()),
                             .may_read = {file},
                             .user = options_.user,
                             .also_good = {std::begin(kCheckedStatuses), std::end(kCheckedStatuses)}};
  auto whole = run_confined(look, {.on_output = {}, .on_tick = watch.still_wanted});
  if (!whole) return context(std::move(whole).error(), "the disk is damaged or cut short");
  const ConfinedCommand command{.arguments = convert_command(source, file.string(), to.string()),
                                .may_read = {file},
                                .may_write = {to.parent_path()},
                                .user = options_.user,
                                .file_bytes = options_.most_bytes};
  std::string said;
  const auto listen = [&said, &watch](std::string_view text) {
    said += text;
    if (said.size() > kMaxKeptOutput) said.erase(0, said.size() - kMaxKeptOutput);
    const auto permille = progress_in(said);
    if (permille && watch.progress) watch.progress(*permille);
  };
  auto done = run_confined(command, {.on_output = listen, .on_tick = watch.still_wanted});
  if (!done) return context(std::move(done).error(), "qemu-img cannot read the disk");
  return {};
}

Result<void> QemuImgConverter::create(const fs::path& to, std::uint64_t bytes) {
  const ConfinedCommand command{.arguments = create_command(to.string(), bytes),
                                .may_read = {},
                                .may_write = {to.parent_path()},
                                .user = options_.user,
                                .file_bytes = options_.most_bytes};
  auto done = run_confined(command);
  if (!done) return context(std::move(done).error(), "make an empty disk");
  return {};
}

// What it makes of `disk` it writes beside it, as "NAME-sda".
Result<void> QemuImgConverter::install_drivers(const fs::path& disk, const fs::path& to, const ConversionWatch& watch) {
  if (::access(kVirtV2v, X_OK) != 0) {
    return fail(Errc::kUnavailable,
                "virt-v2v, which installs drivers, is not on this host: install it (apt install virt-v2v), or import "
                "without drivers and with full devices");
  }
  const fs::path folder = to.parent_path();
  const ConfinedCommand command{
      .arguments = {kVirtV2v, "--quiet", "-i", "disk", disk.string(), "-o", "local", "-os", folder.string(), "-of",
                    "qcow2", "-on", "driven"},
      .may_read = {disk, "/boot", "/etc", "/proc", "/sys", "/dev", "/sbin", "/var/lib"},
      .may_write = {folder, "/dev/kvm"},
      .user = options_.user,
      .memory_bytes = kV2vMemory,
      .file_bytes = options_.most_bytes,
      .environment = {"LIBGUESTFS_BACKEND=direct", "TMPDIR=" + folder.string(),
                      "LIBGUESTFS_CACHEDIR=" + folder.string(), "XDG_RUNTIME_DIR=" + folder.string()}};
  auto done = run_confined(command, {.on_output = {}, .on_tick = watch.still_wanted});
  if (!done) return context(std::move(done).error(), "virt-v2v cannot install drivers");
  if (::rename((folder / "driven-sda").c_str(), to.c_str()) != 0) {
    return fail(Errc::kIo, "virt-v2v has made no disk");
  }
  return {};
}

}  // namespace tobari::vmhost
