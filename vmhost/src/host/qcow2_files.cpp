// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/qcow2_files.h"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <span>
#include <unistd.h>
#include <utility>

#include <sys/stat.h>

#include <tobari/base/unique_fd.h>

#include "host/run_program.h"

namespace tobari::vmhost {
namespace {

constexpr std::uintmax_t kLeastFreeBytes = 1U << 20U;  // an overlay with nothing in it has 200 KB

}  // namespace

Result<void> run_qemu_img(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "qemu-img");
  return run_program(std::move(arguments));
}

Result<Qcow2Header> qcow2_header_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail_errno(errno, "read " + file.string());
  std::string head(kMaxQcow2HeaderBytes, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(in.gcount()));
  return parse_qcow2_header(std::as_bytes(std::span(head)));
}

Result<void> finish_file(const std::string& fresh, const std::filesystem::path& real) {
  const UniqueFd file(::open(fresh.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::fchmod(file.get(), 0600) != 0 || ::fsync(file.get()) != 0) return fail_errno(errno, "write " + fresh);
  if (::rename(fresh.c_str(), real.c_str()) != 0) return fail_errno(errno, "rename " + fresh);
  return {};
}

bool is_full(const std::filesystem::path& folder) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(folder, error);
  return !error && space.available < kLeastFreeBytes;
}

}  // namespace tobari::vmhost
