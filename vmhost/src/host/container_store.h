// SPDX-License-Identifier: GPL-3.0-or-later
// What containers are made of (docs/CONTAINERS.md): bases_dir/<digest>, the system of an image, unpacked once for all
// of its desktops; disks_dir/<desktop>, what a desktop has of its own. The disk worker's thread; last_words(): any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>
#include <tobari/vmhost/hypervisor.h>

#include "host/image_store.h"

namespace tobari::vmhost {

class ContainerStore {
 public:
  static constexpr std::uint32_t kMaxContainers = 4096;  // as many as a host may have desktops

  struct Options {
    std::filesystem::path bases_dir;
    std::filesystem::path disks_dir;
    // The first of kMaxContainers times kIdsOfContainer users and groups that nobody else on this host has. Empty:
    // files stay ours, which is for tests.
    std::optional<std::uint32_t> first_id;
  };
  explicit ContainerStore(Options options) : options_(std::move(options)) {}

  // Where the image's system lies: for everybody to read, nobody's to write, nothing in it makes anybody more than they
  // are. Unpacked when it was not. kInvalidArgument: it holds what a system for containers has not.
  [[nodiscard]] Result<std::filesystem::path> base(const ImageFiles& image);
  [[nodiscard]] bool has_base(const ImageFiles& image) const;
  // Those that no desktop stands on and that are not named.
  void forget_bases(const std::set<std::string>& but);

  // What the desktop has of its own, made when there is nothing. kInvalidArgument: it is there, and was made for
  // another base. Never looked into again by the host: what is in there is the desktop's. `number`: as a disk's
  // (host.proto); what was made under another one is removed.
  [[nodiscard]] Result<ContainerFiles> ensure(const DesktopId& id, const std::filesystem::path& base,
                                              std::uint32_t number = 0);
  // Whether there is a desktop that was made for the base of this digest. Any thread.
  [[nodiscard]] Result<bool> is_used(const std::string& digest) const;
  // Gone on success, whether or not it was there.
  [[nodiscard]] Result<void> remove(const DesktopId& id);

  // The last line that its first program left before it ended; empty: none. A claim of the desktop, printable, short.
  [[nodiscard]] std::string last_words(const DesktopId& id) const;

 private:
  [[nodiscard]] std::filesystem::path own_of(const DesktopId& id) const { return options_.disks_dir / id.str(); }
  // Says which base it is for, and under which number; beside the folder, because that is the desktop's to write in.
  [[nodiscard]] std::filesystem::path note_of(const DesktopId& id) const {
    return options_.disks_dir / (id.str() + ".base");
  }
  [[nodiscard]] Result<std::uint32_t> free_ids() const;
  [[nodiscard]] Result<void> make_own(const std::filesystem::path& own, const std::filesystem::path& base,
                                      std::uint32_t first_id) const;

  const Options options_;
};

}  // namespace tobari::vmhost
