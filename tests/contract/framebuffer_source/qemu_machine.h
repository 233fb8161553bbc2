// SPDX-License-Identifier: GPL-3.0-or-later
// A real QEMU for tests: a boot sector of ours that echoes keys on its screen, driven over QMP.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

#include "contract/framebuffer_source/child.h"
#include "contract/framebuffer_source/picture.h"

namespace tobari::display {

class QemuMachine {
 public:
  enum class Screen {
    kShared,  // virtio-vga in text mode: QEMU shares its memory
    kCopied,  // standard VGA at 1024x768, 32 bit: QEMU sends copies
  };
  // kSpeaker: the boot sector also plays kSpeakerHertz on the PC's speaker, for good.
  enum class Sound { kNone, kSpeaker };
  static constexpr unsigned kSpeakerHertz = 1000;
  // Returns when the boot sector runs.
  [[nodiscard]] static Result<std::unique_ptr<QemuMachine>> start(Screen screen, Sound sound = Sound::kNone);
  ~QemuMachine();

  // A new connection to its D-Bus display, as libvirt would give it.
  [[nodiscard]] Result<UniqueFd> connect_display();
  [[nodiscard]] Result<Picture> screendump();
  [[nodiscard]] Result<std::string> qmp(const std::string& command, int fd = -1);  // the reply's line
  void kill() { child_.kill(); }
  void freeze(bool frozen);  // SIGSTOP and SIGCONT
  [[nodiscard]] pid_t pid() const noexcept { return child_.pid(); }

 private:
  QemuMachine(Child child, UniqueFd qmp, std::string folder);
  [[nodiscard]] Result<void> wait_until_ready(Size size);
  Child child_;
  UniqueFd qmp_;
  std::string folder_;
  std::string buffered_;
};

}  // namespace tobari::display
