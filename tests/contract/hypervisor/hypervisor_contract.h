// SPDX-License-Identifier: GPL-3.0-or-later
// What every Hypervisor does, stated once. A test of one implementation derives a traits class:
//   static Result<std::unique_ptr<Hypervisor>> make();   // an empty one, or one whose domains of ours are gone
//   static DomainSpec spec(const DesktopId&);            // something that it can start
//   // False: it keeps no networks.
//   static bool define_network(Hypervisor&, const std::string& name, const std::string& bridge);
//   static constexpr bool kHasDisplay, kAskStops;        // a display; a guest that obeys the power button
//   static constexpr bool kCopies;                       // it can freeze VMs and copy them; then also
//   // The spec of a template, whose files are there: shared_ram, and beside it "state".
//   static DomainSpec template_spec(const DesktopId&);
//   // What freezing leaves behind becomes readable to VMs, and no more than that.
//   static void seal(const DomainSpec&);
//   static constexpr bool kSaves;                        // it can save VMs
//   static constexpr bool kExtraDisks;                   // it can attach disks; then also
//   static ExtraDisk extra_disk(const DesktopId&);       // whose file is there
#pragma once

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include <tobari/vmhost/hypervisor.h>

#include "event_log.h"

namespace tobari::vmhost {

template <class Traits>
class HypervisorContract : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = Traits::make();
    ASSERT_TRUE(made) << describe(made.error());
    hypervisor_ = *std::move(made);
  }
  void TearDown() override {
    if (!hypervisor_) return;
    for (const DesktopId& id : ids_) {
      EXPECT_TRUE(hypervisor_->stop(id, StopMode::kNow));
      EXPECT_TRUE(hypervisor_->undefine(id));
    }
  }
  DesktopId defined() {
    DesktopId id = DesktopId::random();
    ids_.push_back(id);
    const auto done = hypervisor_->define(Traits::spec(id));
    EXPECT_TRUE(done) << describe(done.error());
    return id;
  }
  void start(const DesktopId& id) {
    const auto done = hypervisor_->start(id);
    ASSERT_TRUE(done) << describe(done.error());
  }
  std::optional<DomainInfo> info(const DesktopId& id) {
    const auto all = hypervisor_->list();
    if (!all) ADD_FAILURE() << describe(all.error());
    for (const DomainInfo& info : all.value_or(std::vector<DomainInfo>())) {
      if (info.id == id) return info;
    }
    return std::nullopt;
  }
  // -1: not listed, else whether it runs.
  int running(const DesktopId& id) {
    const auto found = info(id);
    return found ? static_cast<int>(found->running) : -1;
  }

  // ---- templates and copies
  static TemplateFiles files_of(const DomainSpec& spec) {
    return {spec.shared_ram, spec.shared_ram.substr(0, spec.shared_ram.rfind('/') + 1) + "state"};
  }
  // Frozen and ready to be copied.
  DomainSpec frozen() {
    const DesktopId id = DesktopId::random();
    ids_.push_back(id);
    DomainSpec spec = Traits::template_spec(id);
    const auto defined = hypervisor_->define(spec);
    EXPECT_TRUE(defined) << describe(defined.error());
    start(id);
    const auto done = hypervisor_->freeze(id, files_of(spec).state);
    EXPECT_TRUE(done) << describe(done.error());
    Traits::seal(spec);
    return spec;
  }
  DomainSpec copy_of(const DomainSpec& of) {
    const DesktopId id = DesktopId::random();
    ids_.push_back(id);
    return Traits::spec(id, of);
  }

  std::unique_ptr<Hypervisor> hypervisor_;
  std::vector<DesktopId> ids_;
};

TYPED_TEST_SUITE_P(HypervisorContract);

TYPED_TEST_P(HypervisorContract, LifeOfOneVm) {
  const DesktopId id = this->defined();
  EXPECT_EQ(this->running(id), 0);
  this->start(id);
  EXPECT_EQ(this->running(id), 1);
  ASSERT_TRUE(this->hypervisor_->stop(id, StopMode::kNow));
  EXPECT_EQ(this->running(id), 0);
  ASSERT_TRUE(this->hypervisor_->undefine(id));
  EXPECT_EQ(this->running(id), -1);
}

TYPED_TEST_P(HypervisorContract, EverythingMayBeRepeated) {
  const DesktopId id = this->defined();
  EXPECT_TRUE(this->hypervisor_->define(TypeParam::spec(id)));
  this->start(id);
  this->start(id);
  EXPECT_TRUE(this->hypervisor_->define(TypeParam::spec(id)));
  EXPECT_EQ(this->running(id), 1);
  EXPECT_TRUE(this->hypervisor_->stop(id, StopMode::kNow));
  EXPECT_TRUE(this->hypervisor_->stop(id, StopMode::kNow));
  EXPECT_TRUE(this->hypervisor_->undefine(id));
  EXPECT_TRUE(this->hypervisor_->undefine(id));
}

TYPED_TEST_P(HypervisorContract, UnknownVm) {
  const DesktopId id = DesktopId::random();
  EXPECT_EQ(this->hypervisor_->start(id).error().code, Errc::kNotFound);
  EXPECT_EQ(this->hypervisor_->display(id, std::nullopt).error().code, Errc::kNotFound);
  EXPECT_TRUE(this->hypervisor_->stop(id, StopMode::kNow));
  EXPECT_TRUE(this->hypervisor_->stop(id, StopMode::kAsk));
  EXPECT_TRUE(this->hypervisor_->undefine(id));
}

TYPED_TEST_P(HypervisorContract, RunningVmIsNotUndefined) {
  const DesktopId id = this->defined();
  this->start(id);
  EXPECT_EQ(this->hypervisor_->undefine(id).error().code, Errc::kAlreadyExists);
  EXPECT_EQ(this->running(id), 1);
}

TYPED_TEST_P(HypervisorContract, WatchersHearOfStartAndStop) {
  EventLog log;
  const auto watch = this->hypervisor_->watch([&log](const DomainEvent& event) { log.add(event); });
  const DesktopId id = this->defined();
  this->start(id);
  EXPECT_TRUE(log.wait_for(DomainEvent::Kind::kStarted, id));
  ASSERT_TRUE(this->hypervisor_->stop(id, StopMode::kNow));
  EXPECT_TRUE(log.wait_for(DomainEvent::Kind::kStopped, id));
}

TYPED_TEST_P(HypervisorContract, EndedWatchHearsNothing) {
  int heard = 0;
  EventLog other;
  const auto still = this->hypervisor_->watch([&other](const DomainEvent& event) { other.add(event); });
  auto watch = this->hypervisor_->watch([&heard](const DomainEvent&) { ++heard; });
  watch.reset();
  const DesktopId id = this->defined();
  this->start(id);
  EXPECT_TRUE(other.wait_for(DomainEvent::Kind::kStarted, id));
  EXPECT_EQ(heard, 0);
}

TYPED_TEST_P(HypervisorContract, PowerButton) {
  if constexpr (!TypeParam::kAskStops) GTEST_SKIP() << "no guest that listens";
  EventLog log;
  const auto watch = this->hypervisor_->watch([&log](const DomainEvent& event) { log.add(event); });
  const DesktopId id = this->defined();
  this->start(id);
  if constexpr (requires { TypeParam::wait_until_up(*this->hypervisor_, id); }) {
    TypeParam::wait_until_up(*this->hypervisor_, id);
  }
  ASSERT_TRUE(this->hypervisor_->stop(id, StopMode::kAsk));
  EXPECT_TRUE(log.wait_for(DomainEvent::Kind::kStopped, id));
  EXPECT_EQ(this->running(id), 0);
}

TYPED_TEST_P(HypervisorContract, DisplayIsConnectedAndNewEachTime) {
  if constexpr (!TypeParam::kHasDisplay) GTEST_SKIP() << "this driver has no display";
  const DesktopId id = this->defined();
  EXPECT_EQ(this->hypervisor_->display(id, std::nullopt).error().code, Errc::kNotFound);
  this->start(id);
  const auto first = this->hypervisor_->display(id, std::nullopt);
  const auto second = this->hypervisor_->display(id, std::nullopt);
  ASSERT_TRUE(first) << describe(first.error());
  ASSERT_TRUE(second);
  EXPECT_NE(first->get(), second->get());
  EXPECT_NE(::fcntl(first->get(), F_GETFD) & FD_CLOEXEC, 0);
}

TYPED_TEST_P(HypervisorContract, UnknownNetwork) {
  EXPECT_EQ(this->hypervisor_->bridge_of("tobari-no-such").error().code, Errc::kNotFound);
}

TYPED_TEST_P(HypervisorContract, NetworkIsStartedAndHasABridge) {
  if (!TypeParam::define_network(*this->hypervisor_, "desks", "virbr-test")) GTEST_SKIP() << "no networks here";
  for (int i = 0; i < 2; ++i) {
    const auto bridge = this->hypervisor_->bridge_of("desks");
    ASSERT_TRUE(bridge) << describe(bridge.error());
    EXPECT_EQ(*bridge, "virbr-test");
  }
  const DesktopId id = DesktopId::random();
  this->ids_.push_back(id);
  DomainSpec spec = TypeParam::spec(id);
  spec.network = NetworkCard{.network = "desks", .bridge = "virbr-test", .dhcp_servers = {"192.168.177.1"}};
  const auto defined = this->hypervisor_->define(spec);
  ASSERT_TRUE(defined) << describe(defined.error());
  this->start(id);
  EXPECT_EQ(this->running(id), 1);
}

// A VM does not run without the network that it is meant to stand in.
TYPED_TEST_P(HypervisorContract, VmOfAnUnknownNetworkDoesNotStart) {
  if (!TypeParam::define_network(*this->hypervisor_, "desks", "virbr-test")) GTEST_SKIP() << "no networks here";
  const DesktopId id = DesktopId::random();
  this->ids_.push_back(id);
  DomainSpec spec = TypeParam::spec(id);
  spec.network = NetworkCard{.network = "tobari-no-such", .bridge = "", .dhcp_servers = {}};
  ASSERT_TRUE(this->hypervisor_->define(spec));
  EXPECT_EQ(this->hypervisor_->start(id).error().code, Errc::kNotFound);
  EXPECT_EQ(this->running(id), 0);
}

TYPED_TEST_P(HypervisorContract, TemplateIsListedAsSuch) {
  if constexpr (!TypeParam::kCopies) {
    GTEST_SKIP() << "no copies";
  } else {
    const DomainSpec of = this->frozen();
    ASSERT_TRUE(this->info(of.id));
    EXPECT_TRUE(this->info(of.id)->is_template);
    EXPECT_FALSE(this->info(of.id)->running) << "its end is part of freezing";
    EXPECT_FALSE(this->info(this->defined())->is_template);
  }
}

TYPED_TEST_P(HypervisorContract, CopiesRunSideBySide) {
  if constexpr (!TypeParam::kCopies) {
    GTEST_SKIP() << "no copies";
  } else {
    EventLog log;
    const auto watch = this->hypervisor_->watch([&log](const DomainEvent& event) { log.add(event); });
    const DomainSpec of = this->frozen();
    for (int i = 0; i < 2; ++i) {
      const DomainSpec spec = this->copy_of(of);
      for (int again = 0; again < 2; ++again) {
        const auto done = this->hypervisor_->clone(spec, this->files_of(of));
        ASSERT_TRUE(done) << describe(done.error());
        EXPECT_EQ(this->running(spec.id), 1);
      }
      EXPECT_TRUE(log.wait_for(DomainEvent::Kind::kStarted, spec.id));
      EXPECT_FALSE(this->info(spec.id)->is_template);
      EXPECT_EQ(this->hypervisor_->display(spec.id, std::nullopt).has_value(), TypeParam::kHasDisplay);
    }
    for (const DesktopId& id : this->ids_) EXPECT_EQ(this->running(id), id == of.id ? 0 : 1);
  }
}

// What is started the next time is an ordinary VM: nothing of the template is loaded again over its disk.
TYPED_TEST_P(HypervisorContract, CopyIsStoppedAndStartedLikeOthers) {
  if constexpr (!TypeParam::kCopies) {
    GTEST_SKIP() << "no copies";
  } else {
    const DomainSpec of = this->frozen();
    const DomainSpec spec = this->copy_of(of);
    ASSERT_TRUE(this->hypervisor_->clone(spec, this->files_of(of)));
    ASSERT_TRUE(this->hypervisor_->stop(spec.id, StopMode::kNow));
    EXPECT_EQ(this->running(spec.id), 0);
    std::filesystem::remove(this->files_of(of).ram);
    std::filesystem::remove(this->files_of(of).state);
    this->start(spec.id);
    EXPECT_EQ(this->running(spec.id), 1);
  }
}

TYPED_TEST_P(HypervisorContract, StateThatDoesNotFitLeavesNothingRunning) {
  if constexpr (!TypeParam::kCopies) {
    GTEST_SKIP() << "no copies";
  } else {
    const DomainSpec of = this->frozen();
    DomainSpec spec = this->copy_of(of);
    std::filesystem::resize_file(this->files_of(of).state, 10);
    const auto done = this->hypervisor_->clone(spec, this->files_of(of));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::kIo) << describe(done.error());
    EXPECT_EQ(this->running(spec.id), 0);
    this->start(spec.id);
    EXPECT_EQ(this->running(spec.id), 1) << "it boots instead";
  }
}

TYPED_TEST_P(HypervisorContract, WhatDoesNotRunIsNotFrozen) {
  if constexpr (!TypeParam::kCopies) {
    GTEST_SKIP() << "no copies";
  } else {
    EXPECT_EQ(this->hypervisor_->freeze(DesktopId::random(), "/tmp/none").error().code, Errc::kNotFound);
    EXPECT_EQ(this->hypervisor_->freeze(this->defined(), "/tmp/none").error().code, Errc::kNotFound);
    EXPECT_FALSE(std::filesystem::exists("/tmp/none"));
  }
}

TYPED_TEST_P(HypervisorContract, CopyGetsItsCardWhileItRuns) {
  if constexpr (!TypeParam::kCopies) {
    GTEST_SKIP() << "no copies";
  } else {
    if (!TypeParam::define_network(*this->hypervisor_, "desks", "virbr-test")) GTEST_SKIP() << "no networks here";
    ASSERT_TRUE(this->hypervisor_->bridge_of("desks"));
    const NetworkCard card{.network = "desks", .bridge = "virbr-test", .dhcp_servers = {"192.168.177.1"}};
    EXPECT_EQ(this->hypervisor_->attach_card(DesktopId::random(), card).error().code, Errc::kNotFound);
    const DomainSpec of = this->frozen();
    DomainSpec spec = this->copy_of(of);
    spec.network = card;
    ASSERT_TRUE(this->hypervisor_->clone(spec, this->files_of(of)));
    for (int again = 0; again < 2; ++again) {
      const auto done = this->hypervisor_->attach_card(spec.id, card);
      EXPECT_TRUE(done) << describe(done.error());
    }
    NetworkCard other = card;
    other.network = "tobari-no-such";
    const DomainSpec lost = this->copy_of(of);
    ASSERT_TRUE(this->hypervisor_->clone(lost, this->files_of(of)));
    EXPECT_EQ(this->hypervisor_->attach_card(lost.id, other).error().code, Errc::kNotFound);
    ASSERT_TRUE(this->hypervisor_->stop(spec.id, StopMode::kNow));
    EXPECT_EQ(this->hypervisor_->attach_card(spec.id, card).error().code, Errc::kNotFound);
    this->start(spec.id);
    EXPECT_TRUE(this->hypervisor_->attach_card(spec.id, card)) << "it was started with it";
  }
}

TYPED_TEST_P(HypervisorContract, ContainerGetsItsCardWhileItRuns) {
  if (TypeParam::spec(DesktopId::random()).machine != MachineKind::kContainer) GTEST_SKIP() << "no containers";
  if (!TypeParam::define_network(*this->hypervisor_, "desks", "virbr-test")) GTEST_SKIP() << "no networks here";
  ASSERT_TRUE(this->hypervisor_->bridge_of("desks"));
  const NetworkCard card{.network = "desks", .bridge = "virbr-test", .dhcp_servers = {"192.168.177.1"}};
  const DesktopId id = this->defined();
  EXPECT_EQ(this->hypervisor_->attach_card(id, card).error().code, Errc::kNotFound);
  this->start(id);
  NetworkCard other = card;
  other.network = "tobari-no-such";
  EXPECT_EQ(this->hypervisor_->attach_card(id, other).error().code, Errc::kNotFound);
  for (int again = 0; again < 2; ++again) {
    const auto done = this->hypervisor_->attach_card(id, card);
    EXPECT_TRUE(done) << describe(done.error());
  }
  ASSERT_TRUE(this->hypervisor_->stop(id, StopMode::kNow));
  this->start(id);
  EXPECT_TRUE(this->hypervisor_->attach_card(id, card)) << "each life gets its own";
}

TYPED_TEST_P(HypervisorContract, CopyCostsLessThanItsMemory) {
  if constexpr (!TypeParam::kCopies) {
    GTEST_SKIP() << "no copies";
  } else {
    const DomainSpec of = this->frozen();
    const DomainSpec spec = this->copy_of(of);
    EXPECT_EQ(this->hypervisor_->private_memory(spec.id).error().code, Errc::kNotFound);
    ASSERT_TRUE(this->hypervisor_->clone(spec, this->files_of(of)));
    const auto bytes = this->hypervisor_->private_memory(spec.id);
    ASSERT_TRUE(bytes) << describe(bytes.error());
    EXPECT_GT(*bytes, 0U);
    EXPECT_LT(*bytes, std::uint64_t{spec.memory_mib} << 20U);
  }
}

// ---- rest

TYPED_TEST_P(HypervisorContract, SuspendedVmRunsAndStandsStill) {
  const DesktopId id = this->defined();
  EXPECT_EQ(this->hypervisor_->suspend(id).error().code, Errc::kNotFound) << "it does not run";
  EXPECT_EQ(this->hypervisor_->resume(id).error().code, Errc::kNotFound);
  this->start(id);
  EXPECT_FALSE(this->info(id)->paused);
  for (int again = 0; again < 2; ++again) {
    const auto done = this->hypervisor_->suspend(id);
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_TRUE(this->info(id)->paused);
    EXPECT_TRUE(this->info(id)->running);
  }
  for (int again = 0; again < 2; ++again) {
    const auto done = this->hypervisor_->resume(id);
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_FALSE(this->info(id)->paused);
  }
}

TYPED_TEST_P(HypervisorContract, SuspendedVmIsEndedLikeAnyOther) {
  const DesktopId id = this->defined();
  this->start(id);
  ASSERT_TRUE(this->hypervisor_->suspend(id));
  ASSERT_TRUE(this->hypervisor_->stop(id, StopMode::kNow));
  EXPECT_EQ(this->running(id), 0);
  EXPECT_FALSE(this->info(id)->paused);
  this->start(id);
  EXPECT_FALSE(this->info(id)->paused);
}

TYPED_TEST_P(HypervisorContract, SavedVmGoesOnUntilThatIsForgotten) {
  if constexpr (!TypeParam::kSaves) {
    const DesktopId id = this->defined();
    this->start(id);
    EXPECT_EQ(this->hypervisor_->save(id).error().code, Errc::kInvalidArgument);
    EXPECT_EQ(this->running(id), 1) << "it is suspended then";
    EXPECT_TRUE(this->hypervisor_->forget_saved(id));
    return;
  }
  EventLog log;
  const auto watch = this->hypervisor_->watch([&log](const DomainEvent& event) { log.add(event); });
  const DesktopId id = this->defined();
  EXPECT_EQ(this->hypervisor_->save(id).error().code, Errc::kNotFound) << "it does not run";
  this->start(id);
  for (int again = 0; again < 2; ++again) {
    const auto done = this->hypervisor_->save(id);
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_EQ(this->running(id), 0);
    EXPECT_TRUE(this->info(id)->saved);
  }
  EXPECT_TRUE(log.wait_for(DomainEvent::Kind::kStopped, id));
  this->start(id);
  EXPECT_EQ(this->running(id), 1);
  EXPECT_FALSE(this->info(id)->saved);
  EXPECT_FALSE(this->info(id)->paused);
  ASSERT_TRUE(this->hypervisor_->save(id));
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(this->hypervisor_->forget_saved(id));
    EXPECT_FALSE(this->info(id)->saved);
  }
  this->start(id);
}

TYPED_TEST_P(HypervisorContract, WhatWasSavedGoesWithTheVm) {
  if constexpr (!TypeParam::kSaves) GTEST_SKIP() << "nothing is saved";
  const DesktopId id = this->defined();
  this->start(id);
  ASSERT_TRUE(this->hypervisor_->save(id));
  const auto done = this->hypervisor_->undefine(id);
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_EQ(this->running(id), -1);
  EXPECT_TRUE(this->hypervisor_->forget_saved(id)) << "unknown";
}

TYPED_TEST_P(HypervisorContract, RunningVmGetsADisk) {
  if constexpr (!TypeParam::kExtraDisks) {
    GTEST_SKIP() << "this driver attaches no disks";
  } else {
    const DesktopId id = DesktopId::random();
    this->ids_.push_back(id);
    DomainSpec spec = TypeParam::spec(id);
    spec.spare_ports = true;
    ASSERT_TRUE(this->hypervisor_->define(spec));
    const ExtraDisk disk = TypeParam::extra_disk(id);
    EXPECT_EQ(this->hypervisor_->attach_disk(id, disk).error().code, Errc::kNotFound) << "it does not run";
    this->start(id);
    for (int again = 0; again < 2; ++again) {
      const auto done = this->hypervisor_->attach_disk(id, disk);
      ASSERT_TRUE(done) << describe(done.error());
    }
    // The same file in another VM: QEMU holds a lock on what it writes to.
    const DesktopId other = DesktopId::random();
    this->ids_.push_back(other);
    DomainSpec second = TypeParam::spec(other);
    second.spare_ports = true;
    ASSERT_TRUE(this->hypervisor_->define(second));
    this->start(other);
    EXPECT_FALSE(this->hypervisor_->attach_disk(other, disk));
    ASSERT_TRUE(this->hypervisor_->stop(id, StopMode::kNow));
    EXPECT_TRUE(this->hypervisor_->attach_disk(other, disk)) << "it is free now";
  }
}

TYPED_TEST_P(HypervisorContract, SaysItsVersion) {
  const auto first = this->hypervisor_->version();
  ASSERT_TRUE(first) << describe(first.error());
  EXPECT_FALSE(first->empty());
  EXPECT_EQ(*first, this->hypervisor_->version().value_or(""));
}

REGISTER_TYPED_TEST_SUITE_P(HypervisorContract, TemplateIsListedAsSuch, CopiesRunSideBySide,
                            CopyIsStoppedAndStartedLikeOthers, StateThatDoesNotFitLeavesNothingRunning,
                            WhatDoesNotRunIsNotFrozen, CopyGetsItsCardWhileItRuns, ContainerGetsItsCardWhileItRuns,
                            CopyCostsLessThanItsMemory, SuspendedVmRunsAndStandsStill, SuspendedVmIsEndedLikeAnyOther,
                            SavedVmGoesOnUntilThatIsForgotten, WhatWasSavedGoesWithTheVm, RunningVmGetsADisk,
                            SaysItsVersion, UnknownNetwork, NetworkIsStartedAndHasABridge,
                            VmOfAnUnknownNetworkDoesNotStart, LifeOfOneVm, EverythingMayBeRepeated, UnknownVm,
                            RunningVmIsNotUndefined, WatchersHearOfStartAndStop, EndedWatchHearsNothing, PowerButton,
                            DisplayIsConnectedAndNewEachTime);

}  // namespace tobari::vmhost
