// SPDX-License-Identifier: GPL-3.0-or-later
// The processes that machines run in, for when the hypervisor's service does not answer: what is stopped like this runs
// no instruction, whatever libvirt does. Any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include <sys/types.h>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>

namespace tobari::vmhost {

struct MachineProcess {
  DesktopId desktop;
  pid_t pid = 0;
  bool frozen = false;
};

class MachineProcesses {
 public:
  virtual ~MachineProcesses() = default;
  // Of desktops; templates are none.
  [[nodiscard]] virtual std::vector<MachineProcess> list() = 0;
  // kNotFound: it has ended.
  [[nodiscard]] virtual Result<void> freeze(const MachineProcess& process) = 0;
  [[nodiscard]] virtual Result<void> thaw(const MachineProcess& process) = 0;
};

// QEMU's, by the names that libvirt starts them with. `proc`: where the kernel shows processes.
[[nodiscard]] std::unique_ptr<MachineProcesses> make_qemu_processes(std::filesystem::path proc = "/proc");

}  // namespace tobari::vmhost
