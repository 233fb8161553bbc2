// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/machine.h"

#include <algorithm>
#include <optional>
#include <span>

#include <tobari/base/random.h>
#include <tobari/vmhost/domain_xml.h>

#include "host/files.h"

namespace tobari::vmhost {
namespace {

constexpr std::uint32_t kMaxVcpus = 64;
constexpr std::uint32_t kMinMemoryMib = 64;
constexpr std::uint32_t kMaxMemoryMib = 1'048'576;
constexpr std::uint32_t kMaxHeads = 16;
constexpr std::string_view kNobody = "00000000-0000-4000-8000-000000000000";

}  // namespace

std::uint32_t heads_within_bounds(std::uint32_t heads) { return std::clamp(heads, 1U, kMaxHeads); }

DomainSpec machine_of(const ImageFiles& image, const TemplateProfile& profile, Accelerator accelerator,
                      const std::optional<VmUser>& user) {
  DomainSpec spec;
  spec.accelerator = accelerator;
  spec.vcpus = std::clamp(profile.vcpus, 1U, kMaxVcpus);
  spec.memory_mib =
      std::clamp(std::max(profile.memory_mib, image.manifest.min_memory_mib), kMinMemoryMib, kMaxMemoryMib);
  // VGA has one.
  spec.heads = image.manifest.devices == DeviceModel::kFull ? 1 : heads_within_bounds(profile.heads);
  spec.kernel = image.kernel;
  spec.initrd = image.initrd;
  spec.cmdline = image.manifest.cmdline;
  spec.firmware = image.manifest.firmware;
  spec.devices = image.manifest.devices;
  spec.medium = image.medium;
  spec.backing_disk = image.disk;
  spec.agent_channel = image.manifest.agent_channel;
  spec.clipboard_channel = image.manifest.clipboard_channel;
  spec.user = user;
  return spec;
}

DomainSpec container_of(const ImageFiles& image, const TemplateProfile& profile) {
  DomainSpec spec = machine_of(image, profile, Accelerator::kTcg, std::nullopt);
  spec.machine = MachineKind::kContainer;
  spec.heads = 1;
  return spec;
}

std::string fingerprint_of(const ImageFiles& image, const DomainSpec& machine, const std::string& hypervisor_version) {
  DomainSpec spec = machine;
  spec.id = DesktopId::parse(kNobody).value_or(DesktopId());
  spec.shared_ram = "ram";
  std::string text = domain_xml(spec) + hypervisor_version + "\n";
  for (const auto& [file, digest] : image.manifest.sha256) text += file + " " + digest + "\n";
  const std::string digest = sha256(text);
  return to_hex(std::as_bytes(std::span(digest)));
}

}  // namespace tobari::vmhost
