// SPDX-License-Identifier: GPL-3.0-or-later
// What libvirt has no calls for: a VM's devices written to a file and read from it without the memory, which lies in a
// file of its own (QEMU docs/devel/migration/features: x-ignore-shared). Over QEMU's own protocol, through libvirt.
#pragma once

#include <cstdint>
#include <string>

#include <libvirt/libvirt.h>

#include <tobari/base/result.h>

namespace tobari::vmhost {

// Of a VM that is suspended. QEMU opens `file` itself, as the VM's user.
[[nodiscard]] Result<void> save_devices(virDomainPtr domain, const std::string& file);

// Into a VM that was started with "-incoming defer"; it is paused afterwards. kIo with QEMU's reason when the file does
// not fit: the VM is of no use then.
[[nodiscard]] Result<void> load_devices(virDomainPtr domain, const std::string& file);

// Private bytes of the process that runs the domain. kNotFound: not known.
[[nodiscard]] Result<std::uint64_t> private_bytes(const std::string& domain_name);

}  // namespace tobari::vmhost
