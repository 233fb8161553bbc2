// SPDX-License-Identifier: GPL-3.0-or-later
// The disks of a desktop's user: brought when the guest is up, one after the other: the file, the device, and then the
// guest is told to use it. Before that the desktop is not RUNNING: nobody works in a home that is about to be another.
#include <algorithm>
#include <utility>

#include <tobari/base/log.h>

#include "host/claims.h"
#include "host/desktop.h"

namespace tobari::vmhost {

bool Desktop::has_disks() const {
  return !wanted_ || std::ranges::all_of(wanted_->user_disks(), [this](const wire::UserDisk& disk) {
    return disks_there_.contains(disk.id());
  });
}

void Desktop::bring_disks() {
  const bool up = running_ && !paused_ && !stopping_ && (!has_agent_ || guest_ready_);
  if (!up || !wanted_ || bringing_ || has_disks()) return;
  const auto next = std::ranges::find_if(
      wanted_->user_disks(), [this](const wire::UserDisk& disk) { return !disks_there_.contains(disk.id()); });
  const wire::UserDisk disk = *next;
  const auto id = UserDiskId::parse(disk.id());
  if (!id || services_.user_disks == nullptr || services_.disk_claims == nullptr) {
    return disk_failed("this host has no disks of users");
  }
  if (const auto claimed = services_.disk_claims->claim(*id, disk.epoch(), id_); !claimed) {
    return disk_failed(claimed.error().message);
  }
  bringing_ = disk.id();
  if (disk_problem_.empty()) disk_problem_ = "its user's disk is being attached";
  if (disk.kind() == wire::UserDisk::FOLDER) return tell_guest_of(disk);
  attach_disk(disk);
}

void Desktop::attach_disk(const wire::UserDisk& disk) {
  auto job = [self = shared_from_this(), disk]() -> Result<ExtraDisk> {
    TOBARI_ASSIGN(const UserDiskId id, UserDiskId::parse(disk.id()));
    TOBARI_ASSIGN(const auto file,
                  self->services_.user_disks->ensure_disk({id, disk.storage(), disk.size_gib(), disk.made()}));
    return ExtraDisk{.file = file.string(), .serial = serial_of(id)};
  };
  services_.disk_worker.run(std::move(job), [self = shared_from_this(), disk](const Result<ExtraDisk>& file) {
    if (self->bringing_ != disk.id() || !self->running_) return;
    if (!file) return self->disk_failed(file.error().message);
    auto attach = [&hypervisor = self->services_.hypervisor, id = self->id_, extra = *file] {
      return hypervisor.attach_disk(id, extra);
    };
    self->worker().run(std::move(attach), [self, disk](const Result<void>& attached) {
      if (self->bringing_ != disk.id() || !self->running_) return;
      if (!attached) return self->disk_failed(attached.error().message);
      self->tell_guest_of(disk);
    });
  });
}

void Desktop::tell_guest_of(const wire::UserDisk& disk) {
  if (!has_agent_) return disk_is_there();
  const auto id = UserDiskId::parse(disk.id());
  const std::string line =
      disk.kind() == wire::UserDisk::FOLDER ? guest_home_folder(kHomeTag) : guest_home_disk(serial_of(*id));
  if (!guest_ || !guest_->say(line)) return disk_failed("the guest does not answer");
  disk_timer_ =
      services_.loop.after(services_.times.home_within, [this] { disk_failed("the guest takes too long to use it"); });
}

void Desktop::disk_is_there() {
  disk_timer_.reset();
  log::info("desktop has its user's disk", {{"desktop", id_.str()}, {"disk", *bringing_}});
  disks_there_.insert(*std::exchange(bringing_, std::nullopt));
  disk_problem_.clear();
  bring_disks();
  services_.changed();
}

// Tried for ever: what its user keeps there is why the desktop is wanted.
void Desktop::disk_failed(const std::string& why) {
  bringing_.reset();
  if (const std::string problem = "its user's disk: " + bounded(why);
      std::exchange(disk_problem_, problem) != problem) {
    log::error("desktop is without its user's disk", {{"desktop", id_.str()}, {"reason", why}});
    services_.changed();
  }
  disk_timer_ = services_.loop.after(services_.times.disk_again, [this] { bring_disks(); });
}

// The VM has ended. One that is saved has it open again when it goes on.
void Desktop::forget_disks() {
  disk_timer_.reset();
  bringing_.reset();
  disks_there_.clear();
  disk_problem_.clear();
  if (!saved_ && services_.disk_claims != nullptr) services_.disk_claims->release(id_);
}

}  // namespace tobari::vmhost
