// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/template_keeper.h"

#include <algorithm>
#include <format>
#include <utility>

#include <tobari/base/log.h>

#include "host/machine.h"

namespace tobari::vmhost {
namespace {

constexpr std::size_t kMaxIdLength = 64;

TemplateProfile profile_of(const wire::DesiredTemplate& wanted) {
  return {wanted.image(), wanted.vcpus(), wanted.memory_mib(), wanted.heads()};
}

}  // namespace

// ---- what should be

void TemplateKeeper::want(const google::protobuf::RepeatedPtrField<wire::DesiredTemplate>& wanted) {
  std::map<std::string, Slot> slots;
  for (const wire::DesiredTemplate& each : wanted) {
    if (each.id().empty() || each.id().size() > kMaxIdLength || slots.size() >= std::size_t{kMaxWanted}) {
      log::warning("template in the desired state is not made: its name is malformed, or there are too many");
      continue;
    }
    TemplateProfile profile = profile_of(each);
    const auto before = wanted_.find(each.id());
    if (before != wanted_.end() && before->second.profile == profile) {
      slots.insert(wanted_.extract(before));
    } else {
      slots.try_emplace(each.id(), std::move(profile), times_.failures);
    }
  }
  wanted_ = std::move(slots);
  wanted_known_ = true;
  const auto still = std::ranges::any_of(wanted_, [this](const auto& slot) { return slot.second.profile == making_; });
  if (maker_ && !still) maker_->give_up();
  step();
}

void TemplateKeeper::look(const std::vector<DomainInfo>& found) {
  away_ = false;
  bool running = false;
  for (const DomainInfo& info : found) {
    if (!info.is_template) continue;
    if (maker_ && info.id == maker_->vm()) {
      running = info.running;
    } else if (!maker_ || !maker_->vm().empty()) {
      end_leftover(info.id);
    }
  }
  if (maker_) maker_->found(running);
  step();
}

// Of an agent that was killed while it made one.
void TemplateKeeper::end_leftover(const DesktopId& vm) {
  log::info("half-made template is ended", {{"template", vm.str()}});
  services_.hypervisor_worker.run(
      [&hypervisor = services_.hypervisor, vm]() -> Result<void> {
        TOBARI_TRY(hypervisor.stop(vm, StopMode::kNow));
        return hypervisor.undefine(vm);
      },
      [vm](const Result<void>& done) {
        if (!done) log::warning("half-made template stays", {{"template", vm.str()}, {"reason", done.error().message}});
      });
}

// ---- one step after the other: what is there, what is wanted, what is missing

void TemplateKeeper::step() {
  if (!wanted_known_ || stopped_) return;
  if (loaded_ != Loaded::kYes) return load();
  if (asking_) return;
  for (auto& [id, slot] : wanted_) {
    if (!slot.failure.empty() && Loop::Steady::now() >= slot.rest_until) {
      slot.failure.clear();
      slot.budget.reset();
    }
  }
  for (const auto& [id, slot] : wanted_) {
    if (!slot.fingerprint.empty() || !slot.failure.empty() || Loop::Steady::now() < slot.rest_until) continue;
    if (version_.empty()) return ask_version();
    return find_fingerprint(id, slot.profile);
  }
  plan();
}

void TemplateKeeper::load() {
  if (loaded_ == Loaded::kUnderWay) return;
  loaded_ = Loaded::kUnderWay;
  auto job = [&store = services_.store, &disks = services_.disks]() -> Result<std::vector<FrozenTemplate>> {
    TOBARI_ASSIGN(const auto in_use, disks.bases());
    return store.load(in_use);
  };
  services_.disk_worker.run(std::move(job), [this](const Result<std::vector<FrozenTemplate>>& found) {
    loaded_ = found ? Loaded::kYes : Loaded::kNo;
    if (!found) {
      log::error("templates cannot be read", {{"reason", describe(found.error())}});
      return rest(times_.hypervisor_again);
    }
    for (const FrozenTemplate& each : *found) kept_.emplace(each.generation, Kept{each});
    step();
  });
}

void TemplateKeeper::ask_version() {
  asking_ = true;
  services_.hypervisor_worker.run([&hypervisor = services_.hypervisor] { return hypervisor.version(); },
                                  [this](const Result<std::string>& version) {
                                    asking_ = false;
                                    if (!version) return rest(times_.hypervisor_again);
                                    version_ = *version;
                                    step();
                                  });
}

void TemplateKeeper::find_fingerprint(const std::string& id, const TemplateProfile& profile) {
  asking_ = true;
  auto job = [this, profile, version = version_]() -> Result<std::string> {
    TOBARI_ASSIGN(const ImageFiles image, services_.images.verified(profile.image));
    return fingerprint_of(image, machine_of(image, profile, services_.accelerator, services_.vm_user), version);
  };
  services_.disk_worker.run(std::move(job), [this, id, profile](const Result<std::string>& fingerprint) {
    asking_ = false;
    const auto slot = wanted_.find(id);
    if (slot != wanted_.end() && slot->second.profile == profile) {
      if (fingerprint) slot->second.fingerprint = *fingerprint;
      if (!fingerprint) failed(slot->second, fingerprint.error());
    }
    step();
  });
}

void TemplateKeeper::plan() {
  const auto now = Loop::Steady::now();
  std::vector<WantedTemplate> wanted;
  for (const auto& [id, slot] : wanted_) {
    wanted.push_back({id, slot.fingerprint, !slot.failure.empty() || now < slot.rest_until});
  }
  std::vector<KeptTemplate> kept;
  for (const auto& [generation, one] : kept_) kept.push_back({generation, one.frozen.fingerprint, one.usable});
  TemplatePlan next = plan_templates(wanted, kept);
  const bool other = next.use != use_;
  use_ = std::move(next.use);
  remove(next.nobody_wants_now);
  if (next.make && !maker_ && !away_) make(*next.make);
  if (other) changed_();
}

void TemplateKeeper::make(const std::string& id) {
  const Slot& slot = wanted_.at(id);
  making_ = slot.profile;
  log::info("template is made", {{"id", id}, {"image", making_.image}});
  maker_ = std::make_shared<TemplateMaker>(
      services_, slot.profile, slot.fingerprint,
      [this, profile = slot.profile](Result<FrozenTemplate> frozen) { on_made(profile, std::move(frozen)); });
  maker_->start();
}

void TemplateKeeper::on_made(const TemplateProfile& profile, Result<FrozenTemplate> frozen) {
  maker_.reset();
  if (frozen) {
    log::info("template is ready", {{"template", frozen->generation.str()}, {"image", profile.image}});
    const DesktopId generation = frozen->generation;
    kept_.emplace(generation, Kept{*std::move(frozen)});
  } else if (frozen.error().code != Errc::kCancelled) {
    for (auto& [id, slot] : wanted_) {
      if (slot.profile == profile) failed(slot, frozen.error());
    }
  }
  changed_();
  step();
}

void TemplateKeeper::failed(Slot& slot, const Error& error) {
  const auto now = Loop::Steady::now();
  if (error.code == Errc::kUnavailable) {
    away_ = true;
    slot.rest_until = now + times_.hypervisor_again;
    return rest(times_.hypervisor_again);
  }
  log::error("template cannot be made", {{"image", slot.profile.image}, {"reason", describe(error)}});
  const bool hopeless = error.code == Errc::kInvalidArgument || error.code == Errc::kNotFound;
  const auto again = hopeless ? std::nullopt : slot.budget.died(now);
  if (!again) slot.failure = error.message;
  slot.rest_until = again.value_or(now + times_.given_up_again);
  rest(std::chrono::ceil<std::chrono::milliseconds>(slot.rest_until - now));
  if (!again) changed_();
}

// For several that rest, the soonest; the others' time is looked at with every list.
void TemplateKeeper::rest(std::chrono::milliseconds pause) {
  const auto until = Loop::Steady::now() + pause;
  if (again_timer_ && again_at_ <= until) return;
  again_at_ = until;
  again_timer_ = services_.loop.after(pause, [this] {
    again_timer_.reset();
    step();
  });
}

void TemplateKeeper::remove(const std::vector<DesktopId>& generations) {
  if (removing_ || generations.empty()) return;
  removing_ = true;
  std::vector<FrozenTemplate> candidates;
  for (const DesktopId& generation : generations) candidates.push_back(kept_.at(generation).frozen);
  auto job = [&store = services_.store, &disks = services_.disks, candidates]() -> Result<std::vector<DesktopId>> {
    TOBARI_ASSIGN(const auto in_use, disks.bases());
    std::vector<DesktopId> gone;
    for (const FrozenTemplate& each : candidates) {
      if (in_use.contains(each.disk)) continue;
      TOBARI_TRY(store.remove(each.generation));
      gone.push_back(each.generation);
    }
    return gone;
  };
  services_.disk_worker.run(std::move(job), [this](const Result<std::vector<DesktopId>>& gone) {
    removing_ = false;
    if (!gone) return log::warning("templates stay behind", {{"reason", describe(gone.error())}});
    for (const DesktopId& generation : *gone) {
      log::info("template is removed", {{"template", generation.str()}});
      kept_.erase(generation);
      // It may have been wanted again meanwhile.
      std::erase_if(use_, [&generation](const auto& each) { return each.second == generation; });
    }
    if (!gone->empty()) step();
  });
}

// ---- what is

bool TemplateKeeper::undecided(const std::string& id) const {
  const auto slot = wanted_.find(id);
  return slot != wanted_.end() && slot->second.failure.empty() &&
         (loaded_ != Loaded::kYes || slot->second.fingerprint.empty());
}

Result<FrozenTemplate> TemplateKeeper::ready(const std::string& id, const TemplateProfile& profile) const {
  const auto slot = wanted_.find(id);
  if (slot == wanted_.end()) return fail(Errc::kNotFound, "its template is not among those that are wanted here");
  if (slot->second.profile != profile) return fail(Errc::kInvalidArgument, "its template is of another kind");
  if (!slot->second.failure.empty()) return fail(Errc::kIo, "its template cannot be made: " + slot->second.failure);
  const auto used = use_.find(id);
  if (used == use_.end()) return fail(Errc::kUnavailable, "its template is not ready yet");
  return kept_.at(used->second).frozen;
}

void TemplateKeeper::spoiled(const DesktopId& generation) {
  const auto kept = kept_.find(generation);
  if (kept == kept_.end() || !std::exchange(kept->second.usable, false)) return;
  std::erase_if(use_, [&generation](const auto& each) { return each.second == generation; });
  changed_();
  step();
}

void TemplateKeeper::report(wire::ActualState& actual) const {
  for (const auto& [id, slot] : wanted_) {
    wire::ActualTemplate& one = *actual.add_templates();
    one.set_id(id);
    if (!slot.failure.empty()) {
      one.set_state(wire::ActualTemplate::FAILED);
      one.set_detail(slot.failure);
    } else {
      one.set_state(use_.contains(id) ? wire::ActualTemplate::READY : wire::ActualTemplate::PREPARING);
    }
  }
}

void TemplateKeeper::stop() {
  stopped_ = true;
  if (maker_) maker_->give_up();
}

}  // namespace tobari::vmhost
