// SPDX-License-Identifier: GPL-3.0-or-later
// manifest.json of a guest image (installer/guest/README.md), or of one for containers (docs/CONTAINERS.md). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <tobari/base/result.h>
#include <tobari/vmhost/hypervisor.h>

namespace tobari::vmhost {

inline constexpr std::size_t kMaxManifestBytes = std::size_t{1} << 20;

struct ImageManifest {
  std::string kernel;  // names of files beside the manifest, without folders; empty: it boots from its disk
  std::string initrd;  // empty: none
  std::string disk;
  std::string cmdline;
  std::uint32_t min_memory_mib = 0;
  std::string agent_channel;                  // empty: the guest has no agent
  std::string clipboard_channel;              // empty: nobody in the guest speaks for its clipboard
  bool instant_clones = false;                // its agent knows what a machine that is copied has to do
  MachineKind machine = MachineKind::kVm;     // what it is an image for
  std::string root;                           // of containers, instead of kernel and disk: an archive of all files
  std::map<std::string, std::string> sha256;  // of each file, 64 hex digits
  std::string medium{};                       // an ISO file that is in the drive; empty: there is no drive
  Firmware firmware = Firmware::kBios;        // without a kernel
  DeviceModel devices = DeviceModel::kParavirtualized;
};

// kInvalidArgument with what is wrong: not JSON, something missing, a name with a folder, a file without a digest.
[[nodiscard]] Result<ImageManifest> parse_manifest(std::string_view json);

// Its text: what parse_manifest() reads. `source`: where it comes from, for people.
[[nodiscard]] std::string manifest_text(const ImageManifest& manifest, std::string_view source);

// 1-64 of [A-Za-z0-9._-], not beginning with a dot: safe as the name of a folder.
[[nodiscard]] bool is_image_name(std::string_view name) noexcept;
// Such a name, or "name@version" of the catalogue: likewise safe.
[[nodiscard]] bool is_image_reference(std::string_view text) noexcept;
[[nodiscard]] bool is_sha256(std::string_view text) noexcept;  // 64 hex digits in lower case

[[nodiscard]] std::string_view to_string(Firmware firmware) noexcept;    // "bios", "uefi"
[[nodiscard]] std::string_view to_string(DeviceModel devices) noexcept;  // "paravirtualized", "full"
[[nodiscard]] Result<Firmware> parse_firmware(std::string_view text);
[[nodiscard]] Result<DeviceModel> parse_device_model(std::string_view text);

}  // namespace tobari::vmhost
