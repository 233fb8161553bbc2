// SPDX-License-Identifier: GPL-3.0-or-later
// tobari-vmhost's configuration file (YAML; keys in docs/ARCHITECTURE.md, optional ones here).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/log.h>
#include <tobari/base/result.h>
#include <tobari/net/tcp_socket.h>

#include "core/storage_pool.h"
#include "host/user_disk_store.h"
#include "network/interfaces.h"

namespace tobari::vmhost {

struct Config {
  std::vector<std::string> brokers;  // "ADDR:PORT", all that there are: one, or a list (docs/ARCHITECTURE.md, D67)
  std::filesystem::path identity_dir;
  std::filesystem::path state_dir;
  std::filesystem::path images_dir;
  std::string libvirt_uri = "qemu:///system";
  net::Endpoint front_listen;
  net::Endpoint front_address;  // where gateways reach front_listen; its address and port when not given
  std::string display_program;  // started for each desktop; or
  std::string display_socket;   // where the service manager starts one for each connection (installer/systemd)
  log::Level log_level = log::Level::kInfo;
  std::optional<net::Endpoint> metrics_listen = {};  // metrics and health over HTTP; none: not served
  // ---- optional
  std::string name;                        // 1-63 of [a-z0-9-]; else this machine's host name, made to fit
  std::string accelerator = "auto";        // auto, kvm, tcg
  std::string vm_user = "libvirt-qemu";    // whom VMs run as; "" leaves it to libvirt
  std::filesystem::path recordings_dir;    // else state_dir/recordings
  std::uint32_t recordings_max_gib = 0;    // of all together: the oldest go first; 0: as many as the disk holds
  std::uint32_t recordings_keep_days = 0;  // older ones are deleted; 0: none is for its age
  std::uint32_t recordings_hold_days = 0;  // younger ones are never deleted, whatever the other two say
  std::uint32_t first_display_uid =
      2'000'000'000;  // display processes run as this user and the ones after; 0: as we do
  // The most that a display process may have, where control groups can be had.
  std::uint32_t display_memory_mib = 4096;
  std::uint32_t display_cpu_percent = 400;  // of one processor
  // Who holds display processes while this program is started again (docs/RESTARTS.md): a program that is started when
  // it does not run; or where the service manager starts it (installer/systemd). Neither: they end with us.
  std::string keeper_program;
  std::string keeper_socket;
  std::uint32_t keeper_hold_seconds = 60;  // then they end
  // A desktop whose VM ends by itself is started again so often in ten minutes, unless its pool says otherwise.
  std::uint32_t desktop_restarts = 4;
  // Whether desktops may be containers, which share this host's kernel (docs/CONTAINERS.md).
  bool containers = false;
  std::string container_uri = "lxc:///system";
  std::uint32_t first_container_id = 2'100'000'000;  // their users and groups: from here on 268 million
  // The network for desktops; absent: they have none.
  //   network: libvirt's name of it, or bridge: a device of this host, with network_servers: its DHCP and DNS servers
  //   management_networks: closed to desktops; absent: every network that this host has an address in
  std::optional<NetworkOptions> network;
  // Users' disks and folders: this host's own, and storages that other hosts reach under the same names.
  UserStorage user_disks;  // user_disks_dir, else state_dir/user-disks; user_disks_max_gib
  std::map<std::string, UserStorage> user_storages = {};  // a list of {name, folder}
  // ---- images and disks (docs/IMAGES.md)
  std::filesystem::path imports_dir{};  // files that images are made of; empty: this host imports nothing
  std::filesystem::path disks_dir{};    // of desktops; else state_dir/disks
  // What libvirt mounts at images_dir and disks_dir; absent: they are folders of this machine.
  std::optional<StorageSpec> images_storage{};
  std::optional<StorageSpec> disks_storage{};
  std::uint32_t images_max_gib = 0;  // 0: as much as the disk holds
  std::uint32_t disks_max_gib = 0;
  std::uint32_t disks_overcommit_percent = 1000;  // what disks may grow to, of what there is; 0: anything
  std::uint32_t keep_free_gib = 1;                // of both
  std::uint32_t import_uid = 1'999'999'999;       // whom qemu-img runs as when it reads a stranger's file; 0: as we do
};

// Every message names the file, and the key it is about.
[[nodiscard]] Result<Config> load_config(const std::filesystem::path& file);
[[nodiscard]] Result<Config> parse_config(const std::string& yaml);

}  // namespace tobari::vmhost
