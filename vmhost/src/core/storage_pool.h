// SPDX-License-Identifier: GPL-3.0-or-later
// Where disks lie: a line of the configuration, and what libvirt is told of it
// (https://libvirt.org/formatstorage.html).
//
//   dir /srv/tobari/disks
//   nfs nas.example.org:/export/tobari
//   lvm vg_tobari
//   rbd tobari mon=192.0.2.1:6789,192.0.2.2 user=tobari secret=<UUID of libvirt's secret>
//
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::vmhost {

enum class StorageKind : std::uint8_t { kFolder, kNfs, kLvm, kRbd };

struct StorageMonitor {
  std::string host;
  std::uint16_t port = 0;  // 0: the usual one
  friend bool operator==(const StorageMonitor&, const StorageMonitor&) = default;
};

struct StorageSpec {
  StorageKind kind = StorageKind::kFolder;
  std::string source;                      // the folder; the server's folder; the volume group; the RADOS pool
  std::string server{};                    // NFS
  std::vector<StorageMonitor> monitors{};  // RBD
  std::string user{};                      // RBD; empty: no sign-in
  std::string secret{};                    // RBD: a UUID
  friend bool operator==(const StorageSpec&, const StorageSpec&) = default;

  // Files are made in a folder; else volumes, by libvirt.
  [[nodiscard]] bool has_files() const noexcept { return kind == StorageKind::kFolder || kind == StorageKind::kNfs; }
};

inline constexpr std::size_t kMaxStorageMonitors = 16;
inline constexpr std::size_t kMaxStorageText = 512;

// kInvalidArgument says how it is written.
[[nodiscard]] Result<StorageSpec> parse_storage(std::string_view text);

// "tobari-images", "tobari-disks": by these names libvirt knows them.
[[nodiscard]] std::string storage_name(std::string_view role);

// `mounted_at`: where NFS is mounted; of no use to the others.
[[nodiscard]] std::string storage_pool_xml(std::string_view role, const StorageSpec& spec,
                                           std::string_view mounted_at = {});

struct VolumeSpec {
  std::string name;
  std::uint64_t bytes = 0;
  std::string base{};  // a qcow2 file that it stands on; empty: none
};
// Thin wherever the kind can be: nothing is allocated before it is written.
[[nodiscard]] std::string volume_xml(const StorageSpec& spec, const VolumeSpec& volume);

// The <source> of a VM's disk that lies there, and its <disk type='…'>. `indent` goes before each line.
struct DiskSourceXml {
  std::string type;
  std::string source;
};
[[nodiscard]] DiskSourceXml disk_source_xml(const StorageSpec& spec, std::string_view folder, std::string_view name,
                                            std::string_view indent);

}  // namespace tobari::vmhost
