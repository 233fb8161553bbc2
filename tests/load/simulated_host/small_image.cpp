// SPDX-License-Identifier: GPL-3.0-or-later
#include "small_image.h"

#include <cerrno>
#include <format>
#include <fstream>

#include <sys/stat.h>

#include "host/files.h"
#include "small_qcow2.h"

namespace tobari::vmhost {
namespace {

constexpr mode_t kReadable = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH;

// Readable to everybody, writable to us: as hosts want it.
Result<void> write_image_file(const std::filesystem::path& file, const std::string& content) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << content;
  if (!out.flush()) return fail(Errc::kIo, "cannot write " + file.string());
  if (::chmod(file.c_str(), kReadable) != 0) return fail_errno(errno, "set the mode of " + file.string());
  return {};
}

}  // namespace

Result<void> make_small_image(const std::filesystem::path& images, const std::string& name) {
  const std::filesystem::path folder = images / name;
  std::error_code error;
  if (std::filesystem::exists(folder / "manifest.json", error)) return {};
  std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::kIo, std::format("make {}: {}", folder.string(), error.message()));
  TOBARI_TRY(write_image_file(folder / "kernel", "no kernel"));
  TOBARI_TRY(write_image_file(folder / "disk.qcow2", small_qcow2({})));
  TOBARI_ASSIGN(const std::string kernel, sha256_hex_of_file(folder / "kernel"));
  TOBARI_ASSIGN(const std::string disk, sha256_hex_of_file(folder / "disk.qcow2"));
  // No agent in the guest: what runs is ready.
  return write_image_file(folder / "manifest.json",
                          std::format(R"({{"kernel":"kernel","disk":"disk.qcow2","cmdline":"quiet",)"
                                      R"("sha256":{{"kernel":"{}","disk.qcow2":"{}"}}}})",
                                      kernel, disk));
}

}  // namespace tobari::vmhost
