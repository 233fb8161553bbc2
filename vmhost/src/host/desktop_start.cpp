// SPDX-License-Identifier: GPL-3.0-or-later
// From a wish to a VM that runs: its disk, its network rules, as a copy of a template or from power-on; and what a copy
// still needs when it runs (docs/CLONES.md).
#include <algorithm>
#include <array>
#include <chrono>
#include <format>
#include <set>
#include <utility>

#include <tobari/base/log.h>
#include <tobari/base/random.h>
#include <tobari/vmhost/container_xml.h>

#include "host/desktop.h"
#include "host/machine.h"

namespace tobari::vmhost {
namespace {

constexpr std::size_t kSeedBytes = 32;

TemplateProfile profile_of(const wire::DesiredDesktop& wanted) {
  return {wanted.image(), wanted.vcpus(), wanted.memory_mib(), wanted.heads()};
}

std::string fresh_seed() {
  std::array<std::byte, kSeedBytes> seed{};
  random_bytes(seed);
  return to_hex(seed);
}

std::int64_t milliseconds_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// Of a user who has one: a device that the machine has from its start.
Result<std::optional<SharedFolder>> folder_of(const wire::DesiredDesktop& wanted, const UserDiskStore* store) {
  for (const wire::UserDisk& disk : wanted.user_disks()) {
    if (disk.kind() != wire::UserDisk::FOLDER) continue;
    if (store == nullptr) return fail(Errc::kNotFound, "this host has no folders of users");
    TOBARI_ASSIGN(const UserDiskId id, UserDiskId::parse(disk.id()));
    TOBARI_ASSIGN(const auto path, store->ensure_folder({id, disk.storage(), disk.size_gib(), disk.made()}));
    return std::optional(SharedFolder{.path = path.string(), .tag = kHomeTag});
  }
  return std::optional<SharedFolder>();
}

bool wants_folder(const wire::DesiredDesktop& wanted) {
  return std::ranges::any_of(wanted.user_disks(),
                             [](const wire::UserDisk& disk) { return disk.kind() == wire::UserDisk::FOLDER; });
}

}  // namespace

// ---- preparing

// A copy's memory fits the disk of its template and no other. So only what was never written to becomes a copy; what
// was boots from it.
void Desktop::choose_disk(Prepared& prepared, const std::optional<std::filesystem::path>& base,
                          const std::optional<Frozen>& of) const {
  const TemplateStore* const store = services_.templates == nullptr ? nullptr : &services_.templates->store();
  if (base && store != nullptr && store->holds(*base)) prepared.spec.frozen_disk = *base;
  const auto untouched = [this, &prepared] { return services_.disks.untouched(id_, prepared.disk_number); };
  const bool fresh = !base || (!prepared.spec.frozen_disk.empty() && untouched().value_or(false));
  if (!of || !fresh) return;
  if (!*of) {
    prepared.boots_because = of->error().message;
    return;
  }
  const FrozenTemplate& frozen = **of;
  if (base && *base != frozen.disk) {
    prepared.boots_because = "its disk was made for a template that is not used any more";
    return;
  }
  if (const auto whole = store->check(frozen); !whole) {
    prepared.boots_because = whole.error().message;
    prepared.spoiled = frozen.generation;
    return;
  }
  prepared.spec.frozen_disk = frozen.disk;
  prepared.copy_of = frozen;
}

Result<Desktop::Prepared> Desktop::prepare(const wire::DesiredDesktop& wanted, const std::optional<Frozen>& of) const {
  const bool container = wanted.machine() == wire::DesiredDesktop::CONTAINER;
  if (container && services_.containers == nullptr) {
    return fail(Errc::kInvalidArgument,
                "this host runs no containers: \"containers: on\" in its vmhost.yaml allows them (docs/CONTAINERS.md)");
  }
  TOBARI_ASSIGN(const ImageFiles image, services_.images.verified(wanted.image()));
  if (container != (image.manifest.machine == MachineKind::kContainer)) {
    return fail(Errc::kInvalidArgument, std::format("image \"{}\" is not for {}", wanted.image(),
                                                    container ? "containers" : "virtual machines"));
  }
  if (container) return prepare_container(wanted, image);
  Prepared prepared;
  prepared.disk_number = wanted.disk();
  prepared.spec = machine_of(image, profile_of(wanted), services_.accelerator, services_.vm_user);
  prepared.spec.id = id_;
  prepared.spec.title = wanted.name();
  prepared.spec.agent_socket = agent_socket();
  prepared.spec.clipboard_socket = clipboard_socket();
  prepared.spec.spare_ports = wanted.takes_user_disk();
  TOBARI_ASSIGN(prepared.spec.folder, folder_of(wanted, services_.user_disks));
  TOBARI_TRY(services_.disks.drop_others(id_, wanted.disk()));
  TOBARI_ASSIGN(const auto base, services_.disks.base_of(id_, wanted.disk()));
  prepared.fresh_disk = !base.has_value();
  choose_disk(prepared, base, of);
  const std::filesystem::path frozen = prepared.spec.frozen_disk;
  if (!frozen.empty()) TOBARI_TRY(check_base(frozen, image.disk));
  TOBARI_ASSIGN(prepared.spec.disk, services_.disks.ensure(id_, frozen.empty() ? image.disk : frozen, wanted.disk()));
  return prepared;
}

Result<Desktop::Prepared> Desktop::prepare_container(const wire::DesiredDesktop& wanted,
                                                     const ImageFiles& image) const {
  ContainerStore& store = *services_.containers;
  if (!store.has_base(image)) {
    std::set<std::string> used;
    for (const ImageName& each : services_.images.list()) used.insert(each.root_sha256);
    store.forget_bases(used);
  }
  TOBARI_ASSIGN(const auto base, store.base(image));
  Prepared prepared;
  prepared.spec = container_of(image, profile_of(wanted));
  prepared.spec.id = id_;
  prepared.spec.title = wanted.name();
  TOBARI_ASSIGN(prepared.spec.container, store.ensure(id_, base, wanted.disk()));
  prepared.spec.container.host_name = wanted.name();
  return prepared;
}

void Desktop::start() {
  if (!wanted_) return;
  if (services_.templates != nullptr && services_.templates->undecided(wanted_->template_id())) {
    return rest_until(Loop::Steady::now() + services_.times.template_again);
  }
  busy_ = true;
  if (!ordered_) ordered_ = Loop::Steady::now();
  start_display();  // meanwhile: it takes as long as a copy
  std::optional<Frozen> of;
  if (!wanted_->template_id().empty() && !is_container()) {
    of = services_.templates == nullptr ? fail(Errc::kNotFound, "this host makes no templates")
                                        : services_.templates->ready(wanted_->template_id(), profile_of(*wanted_));
    if (wants_folder(*wanted_)) of = fail(Errc::kInvalidArgument, "its user has a shared folder, and no template has");
  }
  auto parts = std::make_shared<Parts>();
  auto job = [self = shared_from_this(), wanted = *wanted_, of = std::move(of)] { return self->prepare(wanted, of); };
  services_.disk_worker.run(std::move(job), [self = shared_from_this(), parts](Result<Prepared> prepared) {
    parts->prepared = std::move(prepared);
    self->join(*parts);
  });
  if (services_.networks == nullptr) return;
  services_.networks->prepare(id_, [self = shared_from_this(), parts](Result<NetworkCard> card) {
    parts->card = std::move(card);
    self->join(*parts);
  });
}

// The rules of its network hold before it runs, or it does not run.
void Desktop::join(Parts& parts) {
  if (!parts.prepared || (services_.networks != nullptr && !parts.card)) return;
  if (!*parts.prepared) return not_started(parts.prepared->error());
  Prepared prepared = **std::move(parts.prepared);
  if (!prepared.boots_because.empty()) {
    log::info("desktop boots instead of being copied", {{"desktop", id_.str()}, {"because", prepared.boots_because}});
  }
  if (!prepared.spoiled.empty()) services_.templates->spoiled(prepared.spoiled);
  if (parts.card && !*parts.card) {
    return not_started(context(parts.card->error(), "its network cannot be filtered").error());
  }
  // A container gets its card when it is up: that takes longer than its start (docs/CONTAINERS.md, Network).
  if (parts.card && !is_container()) prepared.spec.network = **parts.card;
  if (saved_ && prepared.fresh_disk) {
    prepared.forget_saved = true;  // what was saved of it fits a disk that it has left
    saved_ = false;
  } else if (saved_) {
    prepared.copy_of.reset();  // it goes on where it was
  }
  power_on(std::move(prepared));
}

// ---- starting

void Desktop::power_on(Prepared prepared) {
  // Preparing takes its time.
  if (!may_run()) return not_started(fail(Errc::kUnavailable, "this host has no lease").error());
  auto job = [&hypervisor = services_.hypervisor, prepared]() -> Result<void> {
    if (prepared.forget_saved) TOBARI_TRY(hypervisor.forget_saved(prepared.spec.id));
    if (prepared.copy_of) return hypervisor.clone(prepared.spec, prepared.copy_of->files);
    TOBARI_TRY(hypervisor.define(prepared.spec));
    return hypervisor.start(prepared.spec.id);
  };
  changing_ = true;
  worker().run(std::move(job),
               [self = shared_from_this(), prepared, began = Loop::Steady::now()](const Result<void>& started) {
                 self->changing_ = false;
                 self->changed_at_ = Loop::Steady::now();
                 if (started && prepared.copy_of && self->services_.metrics != nullptr) {
                   self->services_.metrics->clone_made(self->changed_at_ - began);
                 }
                 if (!started && prepared.copy_of && started.error().code != Errc::kUnavailable) {
                   return self->boot_instead(prepared, started.error());
                 }
                 if (!started) return self->not_started(started.error());
                 self->busy_ = false;
                 self->goes_on_ = std::exchange(self->saved_, false);
                 self->started_as_copy_ = prepared.copy_of.has_value();
                 self->found(true);  // so that one which dies before the next list is seen to have died
                 self->services_.changed();
               });
}

// Its disk is as new: nothing of the copy has run.
void Desktop::boot_instead(const Prepared& prepared, const Error& why) {
  log::warning("desktop boots instead of being copied", {{"desktop", id_.str()}, {"because", describe(why)}});
  auto job = [self = shared_from_this(), prepared]() -> Result<Prepared> {
    Prepared booted{prepared.spec, std::nullopt, {}};
    booted.disk_number = prepared.disk_number;
    booted.spec.frozen_disk.clear();
    TOBARI_TRY(self->services_.disks.remove(self->id_));
    TOBARI_ASSIGN(booted.spec.disk,
                  self->services_.disks.ensure(self->id_, booted.spec.backing_disk, booted.disk_number));
    return booted;
  };
  services_.disk_worker.run(std::move(job), [self = shared_from_this()](Result<Prepared> booted) {
    if (!booted) return self->not_started(booted.error());
    self->power_on(*std::move(booted));
  });
}

void Desktop::not_started(const Error& error) {
  busy_ = false;
  failed(error);
  if (failure_ && connected_session_.empty()) display_.reset();
  services_.changed();
}

// ---- running

bool Desktop::stands_on_template() const {
  if (services_.templates == nullptr || !wanted_) return false;
  const auto base = services_.disks.base_of(id_, wanted_->disk());
  return base && *base && services_.templates->store().holds(**base);
}

// Of one that was started before: by what lies there. What cannot be looked at is left alone.
bool Desktop::has_its_disk() const {
  if (!wanted_ || wanted_->disk() == 0 || is_container()) return true;
  const auto base = services_.disks.base_of(id_, wanted_->disk());
  return !base || base->has_value();
}

// One that was never anything but itself keeps the machine id that it made.
GuestOrder Desktop::order_for_guest() const {
  const std::string name = wanted_->name();
  if (!copied_) return {.command = "hostname", .line = [name] { return guest_hostname(name); }};
  return {
      .command = "identity",
      .line = [name, id = machine_id_of(id_)] { return guest_identity(name, id, milliseconds_now(), fresh_seed()); },
      .required = true};
}

void Desktop::on_guest(bool ready) {
  if (ready && std::exchange(card_is_due_, false)) attach_network();
  if (ready && std::exchange(goes_on_, false)) guest_->say(guest_clock(milliseconds_now()));
  if (std::exchange(guest_ready_, ready) == ready) return;
  if (ready) became_ready();
  log::info(ready ? "guest is ready" : "guest is booting", {{"desktop", id_.str()}});
  if (ready) bring_disks();
  services_.changed();
}

// After the guest is somebody: its first words in the network are its own. One that has its card keeps it.
void Desktop::attach_network() {
  services_.networks->prepare(id_, [self = shared_from_this()](const Result<NetworkCard>& card) {
    if (!self->running_ || self->stopping_) return;
    auto job = [&hypervisor = self->services_.hypervisor, id = self->id_, card]() -> Result<void> {
      TOBARI_TRY(card);
      return hypervisor.attach_card(id, *card);
    };
    self->worker().run(std::move(job), [self](const Result<void>& attached) {
      if (attached || !self->running_ || self->stopping_) return;
      log::error("desktop is without its network",
                 {{"desktop", self->id_.str()}, {"reason", describe(attached.error())}});
      self->card_timer_ =
          self->services_.loop.after(self->services_.times.card_again, [self] { self->attach_network(); });
    });
  });
}

void Desktop::measure_memory_in(std::chrono::milliseconds pause) {
  memory_timer_ = services_.loop.after(pause, [this] {
    auto job = [&hypervisor = services_.hypervisor, id = id_] { return hypervisor.private_memory(id); };
    worker().run(std::move(job), [self = shared_from_this()](const Result<std::uint64_t>& bytes) {
      if (!self->running_) return;
      if (bytes) self->private_memory_mib_ = static_cast<std::uint32_t>((*bytes + (1U << 20U) - 1) >> 20U);
      self->measure_memory_in(self->services_.times.measure_every);
      self->services_.changed();
    });
  });
}

}  // namespace tobari::vmhost
