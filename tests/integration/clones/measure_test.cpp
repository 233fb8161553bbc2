// SPDX-License-Identifier: GPL-3.0-or-later
// What takes minutes: figures (docs/PERFORMANCE.md), many copies at once, and those that boot later. Run by
// tests/perf/clones, which sets how many.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "world.h"

namespace tobari::vmhost {
namespace {

using Clock = std::chrono::steady_clock;

int number_of(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? 0 : std::atoi(text);
}

double ms_since(Clock::time_point then) {
  return std::chrono::duration<double, std::milli>(Clock::now() - then).count();
}

void print(const char* what, std::vector<double> values) {
  if (values.empty()) return;
  std::ranges::sort(values);
  const auto at = [&values](double share) {
    return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
  };
  std::printf("  %-46s p50 %6.0f   p90 %6.0f   p99 %6.0f   max %6.0f   (%zu)\n", what, at(0.5), at(0.9), at(0.99),
              values.back(), values.size());
}

long available_mib() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("MemAvailable:")) return std::strtol(line.c_str() + 13, nullptr, 10) / 1024;
  }
  return 0;
}

// Proportional and private memory of a process, MiB.
std::pair<long, long> memory_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  long pss = 0;
  long private_kib = 0;
  for (std::string line; std::getline(file, line);) {
    const long kib = std::strtol(line.c_str() + line.find(':') + 1, nullptr, 10);
    if (line.starts_with("Pss:")) pss = kib;
    if (line.starts_with("Private_")) private_kib += kib;
  }
  return {pss / 1024, private_kib / 1024};
}

// Private KiB by what it is: guest memory, anonymous memory of such size and rights, files.
void print_parts(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps");
  std::map<std::string, long> parts;
  std::string part;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string first, rights, offset, device, inode, path;
    words >> first >> rights >> offset >> device >> inode >> path;
    if (first.find('-') != std::string::npos && first.back() != ':') {
      part = path.empty() ? "anonymous " + rights : path;
      if (path.ends_with("/ram")) part = "the guest's memory";
      if (path.find(".so") != std::string::npos || path.find("qemu-system") != std::string::npos)
        part = "program and libraries";
      if (path.starts_with("[stack") || path.starts_with("[anon")) part = "anonymous " + rights;
    }
    if (first.starts_with("Private_")) parts[part] += std::strtol(rights.c_str(), nullptr, 10);
  }
  for (const auto& [what, kib] : parts) {
    if (kib >= 1024) std::printf("    %-40s %4ld MiB\n", what.c_str(), kib / 1024);
  }
}

class MeasuredClones : public ::testing::Test {
 protected:
  void SetUp() override {
    if (number_of("TOBARI_CLONES") == 0) GTEST_SKIP() << "takes minutes: tests/perf/clones";
    world_ = World::get();
    ASSERT_NE(world_, nullptr);
    const auto began = Clock::now();
    if (world_->actual_template("t1").id().empty()) world_->want_template("t1", 2);
    ASSERT_TRUE(world_->template_is("t1", wire::ActualTemplate::READY));
    std::printf("template ready after %.1f s\n", ms_since(began) / 1000);
  }
  void remove(const std::string& id) {
    world_->power(id, wire::DesiredDesktop::DELETED);
    EXPECT_TRUE(eventually([&] { return world_->actual(id).desktop_id().empty(); }, std::chrono::seconds(60)));
  }
  void print_memory(const char* when, const std::vector<std::string>& ids) {
    std::vector<double> pss, own;
    for (const std::string& id : ids) {
      const pid_t vm = world_->vm(id).at(0);
      EXPECT_TRUE(World::is_copy(vm));
      const auto [proportional, alone] = memory_of(vm);
      pss.push_back(static_cast<double>(proportional));
      own.push_back(static_cast<double>(alone));
    }
    std::printf("memory of a copy, MiB; %s\n", when);
    print("private", own);
    print("proportional", pss);
    print_parts(world_->vm(ids.front()).at(0));
  }
  World* world_ = nullptr;
};

// One after the other: from the order to a whole picture at an RDP client.
TEST_F(MeasuredClones, OneAfterTheOther) {
  std::vector<double> running, opened, picture, total;
  for (int i = 0; i < number_of("TOBARI_CLONES"); ++i) {
    const auto began = Clock::now();
    const std::string id = world_->order_desktop();
    ASSERT_TRUE(world_->desktop_is(id, wire::DESKTOP_STATE_RUNNING));
    running.push_back(ms_since(began));
    const auto before = Clock::now();
    const auto session = world_->open(id);
    ASSERT_TRUE(session);
    opened.push_back(ms_since(before));
    const auto ready = ms_since(began);
    const auto seen = world_->picture(*session);
    ASSERT_TRUE(seen);
    picture.push_back(*seen);
    total.push_back(ready + *seen);
    EXPECT_TRUE(World::is_copy(world_->vm(id).at(0)));
    remove(id);
  }
  std::printf("one after the other, milliseconds\n");
  print("order to running", running);
  print("display armed", opened);
  print("client's start to a whole picture", picture);
  print("order to a whole picture", total);
}

TEST_F(MeasuredClones, ManyAtOnce) {
  const long before = available_mib();
  std::vector<std::string> ids;
  const auto began = Clock::now();
  for (int i = 0; i < number_of("TOBARI_CLONES_LIVE"); ++i) ids.push_back(world_->order_desktop());
  for (const std::string& id : ids) {
    ASSERT_TRUE(world_->desktop_is(id, wire::DESKTOP_STATE_RUNNING, std::chrono::seconds(180)));
  }
  std::printf("%zu at once: all run after %.1f s\n", ids.size(), ms_since(began) / 1000);
  std::set<std::string> names, addresses;
  for (const std::string& id : ids) {
    std::optional<Lease> lease;
    EXPECT_TRUE(eventually([&] { return (lease = world_->lease_of(id)).has_value(); }, std::chrono::seconds(60)));
    if (!lease) continue;
    EXPECT_EQ(lease->host_name, world_->name_of(id));
    names.insert(lease->host_name);
    addresses.insert(lease->address);
  }
  EXPECT_EQ(names.size(), ids.size());
  EXPECT_EQ(addresses.size(), ids.size());
  print_memory("nobody was connected yet", ids);
  std::vector<double> pictures;
  for (const std::string& id : ids) {
    const auto session = world_->open(id);
    ASSERT_TRUE(session);
    const auto seen = world_->picture(*session);
    ASSERT_TRUE(seen) << world_->name_of(id);
    pictures.push_back(*seen);
  }
  print("client's start to a whole picture, ms", pictures);
  print_memory("a client was connected", ids);
  std::printf("  available memory of the machine: %ld MiB less\n", before - available_mib());
  for (const std::string& id : ids) remove(id);
}

// What its user does: the machine's own restart; and what a host does: power off and on.
TEST_F(MeasuredClones, BootsLaterFromItsDisk) {
  const std::string id = world_->order_desktop();
  ASSERT_TRUE(world_->desktop_is(id, wire::DESKTOP_STATE_RUNNING));
  ASSERT_TRUE(eventually([&] { return world_->lease_of(id).has_value(); }));
  const auto vm = world_->vm(id);
  const auto began = Clock::now();
  ASSERT_EQ(shell("virsh -q -c qemu:///system reset tobari-" + id), 0);
  ASSERT_TRUE(world_->desktop_is(id, wire::DESKTOP_STATE_STARTING, std::chrono::seconds(60)));
  ASSERT_TRUE(world_->desktop_is(id, wire::DESKTOP_STATE_RUNNING, std::chrono::seconds(90)));
  std::printf("restarted by itself: ready after %.1f s, private memory %ld MiB\n", ms_since(began) / 1000,
              memory_of(vm.at(0)).second);
  EXPECT_EQ(world_->vm(id), vm);
  world_->power(id, wire::DesiredDesktop::OFF);
  ASSERT_TRUE(world_->desktop_is(id, wire::DESKTOP_STATE_STOPPED, std::chrono::seconds(60)));
  const auto on = Clock::now();
  world_->power(id, wire::DesiredDesktop::ON);
  ASSERT_TRUE(world_->desktop_is(id, wire::DESKTOP_STATE_RUNNING, std::chrono::seconds(90)));
  EXPECT_FALSE(World::is_copy(world_->vm(id).at(0)));
  std::printf("off and on: ready after %.1f s\n", ms_since(on) / 1000);
  const auto session = world_->open(id);
  ASSERT_TRUE(session);
  EXPECT_TRUE(world_->picture(*session));
  remove(id);
}

}  // namespace
}  // namespace tobari::vmhost
