// SPDX-License-Identifier: GPL-3.0-or-later
// Templates and their copies by the whole agent, on a FakeHypervisor, with guests that the test plays.
#include <fstream>
#include <future>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "agent_fixture.h"
#include "guest_port.h"
#include "processes.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class TemplateTest : public AgentFixture {
 protected:
  TemplateTest() : AgentFixture("org.tobari.agent.0", true) { add_desktop(); }

  // ---- what should be
  std::string add_desktop() {
    const std::string id = random_uuid();
    wire::DesiredDesktop& desktop = *desired_.add_desktops();
    desktop.set_desktop_id(id);
    desktop.set_epoch(1);
    desktop.set_name("desk-" + std::to_string(desired_.desktops_size()));
    desktop.set_image("test");
    desktop.set_vcpus(2);
    desktop.set_memory_mib(64);
    desktop.set_heads(1);
    desktop.set_power(wire::DesiredDesktop::OFF);
    desktop.set_template_id("t1");
    ports_[id] = std::make_unique<GuestPort>(image_.dir() / ("agents/" + id + ".sock"));
    return id;
  }
  const std::string& id(int number) { return desired_.desktops(number).desktop_id(); }
  DesktopId desktop_id(int number) { return *DesktopId::parse(id(number)); }
  void want_template(std::uint32_t vcpus = 2) {
    desired_.clear_templates();
    wire::DesiredTemplate& wanted = *desired_.add_templates();
    wanted.set_id("t1");
    wanted.set_image("test");
    wanted.set_vcpus(vcpus);
    wanted.set_memory_mib(64);
    wanted.set_heads(1);
    broker_.desire(desired_);
  }
  void power(wire::DesiredDesktop::Power power, int number = 0) {
    desired_.mutable_desktops(number)->set_power(power);
    broker_.desire(desired_);
  }

  // ---- what is
  wire::ActualTemplate actual_template() {
    const wire::ActualState actual = broker_.actual();
    return actual.templates_size() == 1 ? actual.templates(0) : wire::ActualTemplate();
  }
  bool template_is(wire::ActualTemplate::State state) {
    return eventually([&] { return actual_template().state() == state; });
  }
  wire::ActualDesktop actual(int number = 0) {
    const wire::ActualState state = broker_.actual();
    for (const wire::ActualDesktop& each : state.desktops()) {
      if (each.desktop_id() == id(number)) return each;
    }
    return {};
  }
  bool desktop_is(wire::DesktopState state, int number = 0) {
    return eventually([&] { return actual(number).state() == state; });
  }
  HostAgent::Figures figures() {
    std::promise<HostAgent::Figures> promise;
    loop_->post([this, &promise] { promise.set_value(agent_->figures()); });
    return promise.get_future().get();
  }
  // Generations on disk.
  std::set<std::string> generations() {
    std::set<std::string> found;
    for (const auto& each : fs::directory_iterator(image_.dir() / "templates")) found.insert(each.path().filename());
    return found;
  }
  fs::path generation() {
    EXPECT_EQ(generations().size(), 1U);
    return image_.dir() / "templates" / *generations().begin();
  }
  std::string base_of_disk(int number = 0) {
    const auto base = DiskStore(image_.dir() / "disks", std::nullopt).base_of(desktop_id(number));
    return base && *base ? (*base)->string() : "";
  }

  // ---- guests
  // The VM of the template that is being made; empty when none comes.
  DesktopId template_vm(const std::set<DesktopId>& others = {}) {
    DesktopId found;
    EXPECT_TRUE(eventually([&] {
      for (const DesktopId& each : hypervisor_.templates()) {
        if (!others.contains(each) && hypervisor_.starts(each) > 0) found = each;
      }
      return !found.empty();
    }));
    return found;
  }
  std::unique_ptr<GuestPort> port_of(const DesktopId& vm) {
    auto port = std::make_unique<GuestPort>(image_.dir() / ("agents/" + vm.str() + ".sock"));
    port->accept();
    return port;
  }
  // Boots the template that is wanted and brings it to rest.
  void make_template(bool busy_at_first = false) {
    const auto port = port_of(template_vm());
    EXPECT_TRUE(port->hears("hello 1\n"));
    port->say("hello 1 booting\nready\n");
    EXPECT_TRUE(port->hears("settle\n"));
    if (busy_at_first) {
      port->say("error settle failed\n");
      EXPECT_TRUE(port->hears("settle\n")) << "it is asked again";
    }
    port->say("ok settle\n");
    EXPECT_TRUE(port->is_closed()) << "before it is frozen";
    EXPECT_TRUE(template_is(wire::ActualTemplate::READY));
  }
  // What a copy is told to be; it obeys.
  std::string become_itself(int number = 0) {
    GuestPort& port = *ports_[id(number)];
    port.accept();
    EXPECT_TRUE(port.hears("hello 1\n"));
    std::string told = port.hears_after("identity ");  // it is not asked first whether it is there
    port.say("hello 1 ready\n");
    EXPECT_NE(actual(number).state(), wire::DESKTOP_STATE_RUNNING) << "it is not yet who it is to be";
    port.say("ok identity\n");
    EXPECT_TRUE(desktop_is(wire::DESKTOP_STATE_RUNNING, number));
    return told;
  }
  void copy(int number = 0) {
    power(wire::DesiredDesktop::ON, number);
    static_cast<void>(become_itself(number));
    EXPECT_EQ(hypervisor_.clones(desktop_id(number)), 1);
  }
  // Boots as any desktop does.
  void boot(int number = 0) {
    GuestPort& port = *ports_[id(number)];
    port.accept();
    EXPECT_TRUE(port.hears("hello 1\n"));
    port.say("hello 1 ready\n");
    EXPECT_TRUE(port.hears("hostname "));
    EXPECT_TRUE(desktop_is(wire::DESKTOP_STATE_RUNNING, number));
    EXPECT_EQ(hypervisor_.clones(desktop_id(number)), 0);
    EXPECT_EQ(base_of_disk(number), (image_.images() / "test/disk.qcow2").string());
  }
  void write_to_disk(int number = 0) {
    ASSERT_EQ(shell("qemu-io -c 'write -P 7 0 4k' " + (image_.dir() / ("disks/" + id(number) + ".qcow2")).string()), 0);
  }

  wire::DesiredState desired_;
  std::map<std::string, std::unique_ptr<GuestPort>> ports_;
};

TEST_F(TemplateTest, IsMadeOnceAndCopied) {
  add_desktop();
  want_template();
  EXPECT_TRUE(template_is(wire::ActualTemplate::PREPARING));
  make_template(true);
  std::set<std::string> told;
  for (int number : {0, 1}) {
    power(wire::DesiredDesktop::ON, number);
    const std::string identity = become_itself(number);
    EXPECT_THAT(identity, HasSubstr("desk-" + std::to_string(number + 1) + " "));
    told.insert(identity.substr(identity.find(' ')));
    EXPECT_EQ(hypervisor_.clones(desktop_id(number)), 1);
    EXPECT_TRUE(eventually([&] { return actual(number).private_memory_mib() == 8; }))
        << "a host says what a copy costs";
  }
  EXPECT_EQ(told.size(), 2U) << "machine id, time and seed are others";
  EXPECT_EQ(figures().clones_private_mib, 2U * 8);
  EXPECT_EQ(figures().clones_shared_mib, 2U * (64 - 8));
  EXPECT_EQ(base_of_disk(0), base_of_disk(1));
  EXPECT_EQ(generations().size(), 1U);
  EXPECT_TRUE(hypervisor_.templates().empty()) << "nothing of it runs, or is defined";
  struct stat info{};
  for (const char* file : {"ram", "state", "disk.qcow2"}) {
    ASSERT_EQ(::stat((generation() / file).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0440U) << file;
  }
}

TEST_F(TemplateTest, DesktopBootsWhileThereIsNone) {
  want_template();
  power(wire::DesiredDesktop::ON);
  boot();
  make_template();
  // What it has written is its own: it never becomes a copy.
  power(wire::DesiredDesktop::OFF);
  ASSERT_TRUE(ports_[id(0)]->hears("shutdown\n"));
  hypervisor_.crash(desktop_id(0));
  ASSERT_TRUE(desktop_is(wire::DESKTOP_STATE_STOPPED));
  power(wire::DesiredDesktop::ON);
  boot();
}

TEST_F(TemplateTest, DesktopOfAnotherKindBoots) {
  want_template(4);
  make_template();
  power(wire::DesiredDesktop::ON);
  boot();
}

TEST_F(TemplateTest, IsUsedAgainAfterARestart) {
  want_template();
  make_template();
  const auto before = generations();
  stop();
  broker_.clear();
  power(wire::DesiredDesktop::ON);  // at once: before the host has looked at what it has
  start();
  static_cast<void>(become_itself());
  EXPECT_EQ(hypervisor_.clones(desktop_id(0)), 1);
  EXPECT_EQ(generations(), before);
  EXPECT_TRUE(template_is(wire::ActualTemplate::READY));
}

TEST_F(TemplateTest, OfAnotherVersionOfTheHypervisorIsMadeAnew) {
  want_template();
  make_template();
  const auto before = generations();
  stop();
  hypervisor_.set_version("fake 2");
  broker_.clear();
  start();
  EXPECT_TRUE(template_is(wire::ActualTemplate::PREPARING));
  make_template();
  EXPECT_TRUE(eventually([&] { return generations().size() == 1; })) << "the former goes";
  EXPECT_NE(generations(), before);
}

TEST_F(TemplateTest, ChangedOnDiskIsRefusedAndMadeAnew) {
  want_template();
  make_template();
  for (const char* file : {"ram", "state", "disk.qcow2"}) {
    const auto before = generations();
    {
      std::fstream touched(generation() / file, std::ios::in | std::ios::out | std::ios::binary);
      touched.seekp(-1, std::ios::end);
      touched.put('x');
    }
    const int number = desired_.desktops_size();
    add_desktop();
    power(wire::DesiredDesktop::ON, number);
    boot(number);
    make_template();
    EXPECT_TRUE(eventually([&] { return generations().size() == 1; })) << file;
    EXPECT_NE(generations(), before) << file;
  }
}

TEST_F(TemplateTest, ChangedWhileNobodyLookedIsRefused) {
  want_template();
  make_template();
  const auto before = generations();
  stop();
  std::ofstream(generation() / "ram", std::ios::in | std::ios::out) << "x";
  broker_.clear();
  start();
  EXPECT_TRUE(template_is(wire::ActualTemplate::PREPARING));
  make_template();
  EXPECT_TRUE(eventually([&] { return generations().size() == 1; }));
  EXPECT_NE(generations(), before);
}

TEST_F(TemplateTest, TouchedWithoutBeingChangedIsUsed) {
  want_template();
  make_template();
  stop();
  ASSERT_EQ(shell("touch " + (generation() / "ram").string()), 0);
  broker_.clear();
  start();
  EXPECT_TRUE(template_is(wire::ActualTemplate::READY));
  copy();
}

TEST_F(TemplateTest, VmThatDiesIsTriedAgainAndGivenUp) {
  want_template();
  std::set<DesktopId> dead;
  for (int i = 0; i < 3; ++i) {
    const DesktopId vm = template_vm(dead);
    hypervisor_.crash(vm);
    dead.insert(vm);
  }
  ASSERT_TRUE(template_is(wire::ActualTemplate::FAILED));
  EXPECT_THAT(actual_template().detail(), HasSubstr("ended by itself"));
  EXPECT_TRUE(eventually([&] { return generations().empty() && hypervisor_.templates().empty(); }));
  power(wire::DesiredDesktop::ON);
  boot();
}

TEST_F(TemplateTest, GivenUpIsTriedAgainLater) {
  const auto image = image_.images() / "test";
  fs::rename(image, image_.images() / "late");
  stop();
  template_times_.given_up_again = std::chrono::milliseconds(300);
  start();
  want_template();
  ASSERT_TRUE(template_is(wire::ActualTemplate::FAILED));
  fs::rename(image_.images() / "late", image);
  make_template();
}

TEST_F(TemplateTest, ThatCannotBeFrozenIsMadeAgain) {
  hypervisor_.fail_next_freeze({Errc::kIo, "no space left on device", "", 0});
  want_template();
  const DesktopId first = template_vm();
  {
    const auto port = port_of(first);
    ASSERT_TRUE(port->hears("hello 1\n"));
    port->say("hello 1 ready\n");
    ASSERT_TRUE(port->hears("settle\n"));
    port->say("ok settle\n");
    ASSERT_TRUE(port->is_closed());
  }
  ASSERT_TRUE(eventually([&] { return !generations().contains(first.str()); })) << "nothing half-made stays";
  make_template();
}

TEST_F(TemplateTest, OfAnImageThatCannotBeCopiedIsRefused) {
  image_.dir().write("images/test/manifest.json", [this] {
    std::string text = *read_small_file(image_.images() / "test/manifest.json", 4096);
    const std::string flag = "\"instant_clones\":true";
    return text.replace(text.find(flag), flag.size(), "\"instant_clones\":false");
  }());
  want_template();
  ASSERT_TRUE(template_is(wire::ActualTemplate::FAILED));
  EXPECT_THAT(actual_template().detail(), HasSubstr("instant_clones"));
  EXPECT_TRUE(generations().empty());
}

TEST_F(TemplateTest, OfAnUnknownImageIsRefused) {
  desired_.clear_desktops();
  wire::DesiredTemplate& wanted = *desired_.add_templates();
  wanted.set_id("t1");
  wanted.set_image("nothing");
  broker_.desire(desired_);
  ASSERT_TRUE(template_is(wire::ActualTemplate::FAILED));
  EXPECT_THAT(actual_template().detail(), HasSubstr("there is no image \"nothing\""));
}

TEST_F(TemplateTest, CopyThatFailsBootsOnADiskOfItsOwn) {
  want_template();
  make_template();
  hypervisor_.fail_next_clone({Errc::kIo, "what was frozen does not fit", "", 0});
  power(wire::DesiredDesktop::ON);
  boot();
}

// What is written just after a port is opened may be lost in the guest.
TEST_F(TemplateTest, CopyIsToldAgainWhatItDidNotHear) {
  want_template();
  make_template();
  power(wire::DesiredDesktop::ON);
  GuestPort& port = *ports_[id(0)];
  port.accept();
  EXPECT_FALSE(port.hears_after("identity ").empty());
  port.say("hello 1 ready\n");
  EXPECT_FALSE(port.hears_after("identity ").empty());
  EXPECT_NE(actual(0).state(), wire::DESKTOP_STATE_RUNNING);
  port.say("ok identity\n");
  EXPECT_TRUE(desktop_is(wire::DESKTOP_STATE_RUNNING, 0));
}

TEST_F(TemplateTest, StoppedCopyBootsFromItsDisk) {
  want_template();
  make_template();
  copy();
  write_to_disk();
  hypervisor_.crash(desktop_id(0));
  EXPECT_FALSE(become_itself().empty()) << "its disk still has the template's names, perhaps";
  EXPECT_EQ(hypervisor_.starts(desktop_id(0)), 2);
  EXPECT_EQ(hypervisor_.clones(desktop_id(0)), 1);
  EXPECT_EQ(hypervisor_.spec(desktop_id(0))->frozen_disk, (generation() / "disk.qcow2").string());
  EXPECT_TRUE(eventually([&] { return actual().private_memory_mib() > 0; }));
  EXPECT_EQ(figures().clones_shared_mib, 0U) << "all memory that it has is its own";
  EXPECT_EQ(figures().clones_private_mib, 0U);
}

TEST_F(TemplateTest, WhatACopySharesIsKnownAfterARestart) {
  want_template();
  make_template();
  copy();
  stop();
  broker_.clear();
  start();
  EXPECT_TRUE(eventually([&] { return figures().clones_shared_mib == 64U - 8; }));
}

TEST_F(TemplateTest, CopyThatWroteNothingIsCopiedAgain) {
  want_template();
  make_template();
  copy();
  hypervisor_.crash(desktop_id(0));
  static_cast<void>(become_itself());
  EXPECT_EQ(hypervisor_.clones(desktop_id(0)), 2);
}

TEST_F(TemplateTest, StaysAsLongAsADiskStandsOnIt) {
  want_template();
  make_template();
  copy();
  const auto before = generations();
  desired_.clear_templates();
  broker_.desire(desired_);
  ASSERT_TRUE(eventually([&] { return broker_.actual().templates_size() == 0; }));
  write_to_disk();
  hypervisor_.crash(desktop_id(0));
  static_cast<void>(become_itself());
  EXPECT_EQ(hypervisor_.clones(desktop_id(0)), 1) << "it boots";
  EXPECT_EQ(generations(), before);
  power(wire::DesiredDesktop::DELETED);
  EXPECT_TRUE(eventually([&] { return generations().empty(); }));
}

TEST_F(TemplateTest, HalfMadeByAnAgentThatDiedIsEnded) {
  want_template();
  const DesktopId first = template_vm();
  stop();
  start();
  EXPECT_TRUE(eventually([&] { return !std::ranges::contains(hypervisor_.templates(), first); }));
  EXPECT_TRUE(eventually([&] { return !generations().contains(first.str()); }));
  make_template();
  EXPECT_EQ(generations().size(), 1U);
}

TEST_F(TemplateTest, NotWantedAnyMoreIsGivenUp) {
  want_template();
  static_cast<void>(template_vm());
  desired_.clear_templates();
  broker_.desire(desired_);
  EXPECT_TRUE(eventually([&] { return hypervisor_.templates().empty() && generations().empty(); }));
}

TEST_F(TemplateTest, HypervisorThatIsAwayIsNoFailure) {
  want_template();
  const DesktopId first = template_vm();
  hypervisor_.set_available(false);
  const auto port = port_of(first);
  ASSERT_TRUE(port->hears("hello 1\n"));
  port->say("hello 1 ready\n");
  ASSERT_TRUE(port->hears("settle\n"));
  port->say("ok settle\n");
  ASSERT_TRUE(port->is_closed());
  ASSERT_TRUE(eventually([&] { return !generations().contains(first.str()); }));
  hypervisor_.set_available(true);
  EXPECT_TRUE(eventually([&] { return !std::ranges::contains(hypervisor_.templates(), first); }));
  make_template();
}

}  // namespace
}  // namespace tobari::vmhost
