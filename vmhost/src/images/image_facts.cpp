// SPDX-License-Identifier: GPL-3.0-or-later
// What an image's order and source make of its description; and a copy of a file.
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <format>
#include <unistd.h>
#include <vector>

#include <sys/stat.h>

#include <tobari/base/unique_fd.h>

#include "core/qcow2_header.h"
#include "images/image_import.h"
#include "images/source_file.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAgentChannel = "org.tobari.agent.0";
constexpr std::uint32_t kMaxLeastMemoryMib = 1'048'576;
constexpr std::size_t kCopiedAtOnce = std::size_t{1} << 20;
constexpr std::uint64_t kBytesOfBlock = 512;

Result<void> write_whole(int file, const char* bytes, std::size_t count, const fs::path& path) {
  while (count > 0) {
    const ssize_t n = ::write(file, bytes, count);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "write " + path.string());
    bytes += n;
    count -= static_cast<std::size_t>(n);
  }
  return {};
}

}  // namespace

Result<ImageManifest> manifest_for(const wire::ImageImport& order, const ImageSource& source) {
  ImageManifest manifest;
  manifest.disk = "disk.qcow2";
  if (source.format == SourceFormat::kIso) manifest.medium = "medium.iso";
  manifest.firmware = source.uefi ? Firmware::kUefi : Firmware::kBios;
  if (!order.firmware().empty()) {
    TOBARI_ASSIGN(manifest.firmware, parse_firmware(order.firmware()));
  }
  // A system that nobody knows starts with devices that every system knows.
  manifest.devices = order.drivers() ? DeviceModel::kParavirtualized : DeviceModel::kFull;
  if (!order.devices().empty()) {
    TOBARI_ASSIGN(manifest.devices, parse_device_model(order.devices()));
  }
  if (order.drivers() && manifest.devices == DeviceModel::kFull) {
    return fail(Errc::kInvalidArgument, "drivers are for paravirtualized devices: leave them out, or devices");
  }
  if (order.min_memory_mib() > kMaxLeastMemoryMib) {
    return fail(Errc::kInvalidArgument, std::format("min_memory_mib is more than {}", kMaxLeastMemoryMib));
  }
  manifest.min_memory_mib = order.min_memory_mib() != 0 ? order.min_memory_mib() : source.memory_mib;
  if (order.agent()) manifest.agent_channel = kAgentChannel;
  return manifest;
}

wire::ImageFacts facts_of(const ImageManifest& manifest, const fs::path& folder) {
  wire::ImageFacts facts;
  const bool container = manifest.machine == MachineKind::kContainer;
  if (container) {
    facts.set_firmware("container");
  } else {
    facts.set_firmware(manifest.kernel.empty() ? std::string(to_string(manifest.firmware)) : "kernel");
    facts.set_devices(std::string(to_string(manifest.devices)));
  }
  facts.set_agent(!manifest.agent_channel.empty());
  facts.set_instant_clones(manifest.instant_clones);
  std::uint64_t stored = 0;
  for (const auto& [file, digest] : manifest.sha256) {
    struct stat info{};
    if (::stat((folder / file).c_str(), &info) == 0)
      stored += static_cast<std::uint64_t>(info.st_blocks) * kBytesOfBlock;
  }
  facts.set_stored_bytes(stored);
  if (container) return facts;
  if (const auto disk = SourceFile::open(folder / manifest.disk)) {
    if (const auto known = examine_qcow2(*disk)) facts.set_virtual_bytes(known->virtual_bytes);
  }
  return facts;
}

Result<void> copy_watched(const fs::path& from, const fs::path& to, const ConversionWatch& watch) {
  TOBARI_ASSIGN(const SourceFile source, SourceFile::open(from));
  const UniqueFd target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!target) return fail_errno(errno, "make " + to.string());
  for (std::uint64_t at = 0; at < source.size();) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kCopiedAtOnce, source.size() - at));
    TOBARI_ASSIGN(const auto bytes, source.read(at, count));
    TOBARI_TRY(write_whole(target.get(), reinterpret_cast<const char*>(bytes.data()), count, to));
    at += count;
    // Every 64 MiB: asking for the room that is left costs something.
    if (at % (kCopiedAtOnce * 64) != 0) continue;
    if (watch.progress) watch.progress(static_cast<std::uint32_t>(at / (source.size() / 1000 + 1)));
    if (watch.still_wanted) TOBARI_TRY(watch.still_wanted());
  }
  return {};
}

}  // namespace tobari::vmhost
