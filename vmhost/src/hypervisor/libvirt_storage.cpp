// SPDX-License-Identifier: GPL-3.0-or-later
#include "libvirt_storage.h"

#include <format>
#include <memory>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <tobari/base/log.h>

#include "libvirt_error.h"

namespace tobari::vmhost {
namespace {

struct CloseStorageConnection {
  void operator()(virConnectPtr connection) const noexcept { ::virConnectClose(connection); }
};
struct FreeStoragePool {
  void operator()(virStoragePoolPtr pool) const noexcept { ::virStoragePoolFree(pool); }
};
using StoragePool = std::unique_ptr<virStoragePool, FreeStoragePool>;

// A running one keeps what it has until it is stopped by hand: disks of VMs may be open there.
Result<StoragePool> defined_pool(virConnectPtr connection, const std::string& name, const std::string& xml) {
  StoragePool known(::virStoragePoolLookupByName(connection, name.c_str()));
  if (known && ::virStoragePoolIsActive(known.get()) == 1) return known;
  StoragePool made(::virStoragePoolDefineXML(connection, xml.c_str(), 0));
  if (made) return made;
  const virErrorPtr error = ::virGetLastError();
  if (error != nullptr && error->code == VIR_ERR_NO_SUPPORT) {
    return fail(Errc::kUnavailable, "libvirt has no driver for storage here: install libvirt-daemon-driver-storage");
  }
  return libvirt_failure("define the storage pool " + name);
}

}  // namespace

Result<void> ensure_storage_pool(const std::string& libvirt_uri, std::string_view role, const StorageSpec& spec,
                                 const std::filesystem::path& mounted_at) {
  const std::unique_ptr<virConnect, CloseStorageConnection> connection(::virConnectOpen(libvirt_uri.c_str()));
  if (!connection) return libvirt_failure("connect to libvirt for storage");
  const std::string name = storage_name(role);
  TOBARI_ASSIGN(const StoragePool pool,
                defined_pool(connection.get(), name, storage_pool_xml(role, spec, mounted_at.string())));
  if (::virStoragePoolIsActive(pool.get()) == 1) return {};
  // Of one of files this makes the folder where it is mounted.
  if (spec.has_files() && ::virStoragePoolBuild(pool.get(), 0) < 0) {
    return libvirt_failure("build the storage pool " + name);
  }
  if (::virStoragePoolCreate(pool.get(), 0) < 0) return libvirt_failure("start the storage pool " + name);
  log::info("storage pool runs", {{"pool", name}});
  return {};
}

}  // namespace tobari::vmhost
