// SPDX-License-Identifier: GPL-3.0-or-later
// LibvirtHypervisor over a real libvirtd with containers. As with QEMU, the first test starts libvirtd, which ends with
// the name space that the tests run in; outside the platform root, and where libvirt has no control groups, these tests
// skip. What runs is one small program: it powers nothing, needs no image, and ends when it is asked to.
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <tobari/vmhost/container_xml.h>
#include <tobari/vmhost/domain_xml.h>
#include <tobari/vmhost/libvirt_hypervisor.h>
#include <tobari/vmhost/ports.h>

#include "hypervisor_contract.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kTestFirstId = 2'200'000'000;

int run_quietly(const std::string& command) { return std::system((command + " >/dev/null").c_str()); }

class LibvirtOfContainers {
 public:
  static LibvirtOfContainers& get() {
    static LibvirtOfContainers libvirt;
    return libvirt;
  }
  [[nodiscard]] bool usable() const { return usable_; }
  [[nodiscard]] const std::string& why_not() const { return why_not_; }
  [[nodiscard]] const fs::path& dir() const { return dir_; }

 private:
  LibvirtOfContainers() {
    if (!fs::exists("/etc/tobari-root") || ::geteuid() != 0) {
      why_not_ = "not in the platform root";
      return;
    }
    char name[] = "/tmp/tobari-lxc.XXXXXX";
    dir_ = ::mkdtemp(name);
    ::chmod(name, 0711);
    make_base();
    if (run_quietly(std::string(TOBARI_LIBVIRT_START) + " " + dir_.string()) != 0) {
      why_not_ = "libvirt does not start";
      return;
    }
    usable_ = true;
  }
  ~LibvirtOfContainers() {
    if (!dir_.empty()) static_cast<void>(run_quietly("pkill -TERM -x libvirtd; pkill -TERM -x virtlogd; true"));
  }
  // The image's system at its smallest: the first program and the places that libvirt mounts at.
  void make_base() {
    const fs::path base = dir_ / "base";
    for (const char* place :
         {".oldroot", ".tobari/base", ".tobari/own", "dev", "proc", "sys", "tmp", "usr/lib/tobari/container"}) {
      fs::create_directories(base / place);
    }
    fs::copy_file(TOBARI_LXC_INIT, base.string() + std::string(kContainerInit));
    ::chmod((base.string() + std::string(kContainerInit)).c_str(), 0755);
    fs::create_directories(dir_ / "agents");
    ::chmod((dir_ / "agents").c_str(), 0711);
  }

  bool usable_ = false;
  std::string why_not_;
  fs::path dir_;
};

struct Lxc {
  static constexpr bool kHasDisplay = true;
  static constexpr bool kAskStops = true;
  static constexpr bool kCopies = false;
  static constexpr bool kSaves = false;
  static constexpr bool kExtraDisks = false;
  static Result<std::unique_ptr<Hypervisor>> make() {
    return make_libvirt_hypervisor(
        {.uri = "lxc:///system", .container_ports = LibvirtOfContainers::get().dir() / "agents"});
  }
  static bool define_network(Hypervisor&, const std::string& name, const std::string& bridge) {
    if (std::getenv("TOBARI_OWN_NETWORK") == nullptr) return false;
    if (run_quietly("virsh -q -c lxc:///system net-info " + name + " 2>&1") == 0) return true;
    const fs::path file = LibvirtOfContainers::get().dir() / "network.xml";
    std::ofstream(file) << "<network><name>" << name << "</name><bridge name='" << bridge
                        << "'/><ip address='192.168.177.1' netmask='255.255.255.0'/></network>";
    return run_quietly("virsh -q -c lxc:///system net-define " + file.string()) == 0;
  }
  static DomainSpec spec(const DesktopId& id) {
    const fs::path dir = LibvirtOfContainers::get().dir();
    DomainSpec spec;
    spec.id = id;
    spec.machine = MachineKind::kContainer;
    spec.vcpus = 1;
    spec.memory_mib = 64;
    spec.container = {.base = dir / "base", .own = dir / id.str(), .first_id = kTestFirstId, .host_name = "lxc-test"};
    fs::create_directories(spec.container.own);
    EXPECT_EQ(::chown(spec.container.own.c_str(), kTestFirstId, kTestFirstId), 0);
    return spec;
  }
  // libvirt calls a container started while its first program is still being loaded: that one hears no signal yet.
  static void wait_until_up(Hypervisor& hypervisor, const DesktopId& id,
                            std::optional<std::uint32_t> reader = std::nullopt) {
    const auto picture = hypervisor.display(id, reader);
    ASSERT_TRUE(picture) << describe(picture.error());
    char greeting[16] = {};
    const timeval patience{10, 0};
    ::setsockopt(picture->get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ASSERT_EQ(::fcntl(picture->get(), F_SETFL, 0), 0);
    EXPECT_EQ(::recv(picture->get(), greeting, sizeof greeting, 0), 5) << "its program answers at descriptor 4";
    EXPECT_EQ(std::string(greeting), "hello");
  }
};

class LibvirtLxc : public HypervisorContract<Lxc> {
 protected:
  // A host that cannot is told by the first container.
  void SetUp() override {
    if (!LibvirtOfContainers::get().usable()) GTEST_SKIP() << LibvirtOfContainers::get().why_not();
    HypervisorContract<Lxc>::SetUp();
    static const std::string refusal = [this] {
      const DesktopId id = this->defined();
      const auto started = this->hypervisor_->start(id);
      static_cast<void>(this->hypervisor_->stop(id, StopMode::kNow));
      return !started && started.error().code == Errc::kInvalidArgument ? started.error().message : std::string();
    }();
    if (!refusal.empty()) GTEST_SKIP() << refusal;
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(LibvirtLxc, HypervisorContract, Lxc);

// All processes in there, root as well, are users that nobody else on this host is.
TEST_F(LibvirtLxc, RunsAsUsersOfItsOwn) {
  const DesktopId id = defined();
  start(id);
  Lxc::wait_until_up(*hypervisor_, id);
  EXPECT_EQ(run_quietly(std::format("test \"$(stat -c %u /proc/$(pgrep -x tobari-lxc-init))\" = {}", kTestFirstId)), 0);
}

TEST_F(LibvirtLxc, WhoConnectsBeforeItIsUpWaitsForIt) {
  const DesktopId id = defined();
  start(id);
  Lxc::wait_until_up(*hypervisor_, id, 2'000'000'007);
}

TEST_F(LibvirtLxc, ItsPortsOutliveLibvirtd) {
  EventLog log;
  const auto watch = hypervisor_->watch([&log](const DomainEvent& event) { log.add(event); });
  const DesktopId id = defined();
  start(id);
  ASSERT_EQ(run_quietly("pid=$(pidof libvirtd) && kill -KILL $pid && timeout 20 tail --pid=$pid -s 0.05 -f /dev/null"),
            0);
  ASSERT_EQ(run_quietly(std::string(TOBARI_LIBVIRT_START) + " " + LibvirtOfContainers::get().dir().string()), 0);
  ASSERT_TRUE(log.wait_for(DomainEvent::Kind::kResync, {}, 2)) << "lost, and found again";
  EXPECT_EQ(running(id), 1);
  EXPECT_TRUE(hypervisor_->display(id, std::nullopt));
  EXPECT_TRUE(hypervisor_->stop(id, StopMode::kNow));
  EXPECT_EQ(hypervisor_->display(id, std::nullopt).error().code, Errc::kNotFound);
}

TEST_F(LibvirtLxc, CostsWhatItHasForItself) {
  const DesktopId id = defined();
  start(id);
  const auto bytes = hypervisor_->private_memory(id);
  ASSERT_TRUE(bytes) << describe(bytes.error());
  EXPECT_GT(*bytes, 0U);
  EXPECT_LT(*bytes, std::uint64_t{16} << 20U) << "it is one small program";
}

// As libvirt leaves it when the card's filter could not be set.
TEST_F(LibvirtLxc, CardComesAlthoughAnEarlierTryLeftItsPair) {
  if (!Lxc::define_network(*hypervisor_, "desks", "virbr-test")) GTEST_SKIP() << "no networks here";
  ASSERT_TRUE(hypervisor_->bridge_of("desks"));
  const NetworkCard card{.network = "desks", .bridge = "virbr-test", .dhcp_servers = {"192.168.177.1"}};
  const DesktopId id = defined();
  start(id);
  Lxc::wait_until_up(*hypervisor_, id);
  ASSERT_EQ(run_quietly("ip link add " + tap_name(id) + " type veth peer name tb-left"), 0);
  EXPECT_FALSE(hypervisor_->attach_card(id, card));
  const auto again = hypervisor_->attach_card(id, card);
  EXPECT_TRUE(again) << describe(again.error());
}

TEST_F(LibvirtLxc, ItsPortsAreNobodyElses) {
  const DesktopId id = defined();
  start(id);
  const std::string folder = LibvirtOfContainers::get().dir() / "agents";
  for (const std::string& port : {agent_port(folder, id), picture_port(folder, id), clipboard_port(folder, id)}) {
    struct stat info{};
    ASSERT_EQ(::stat(port.c_str(), &info), 0) << port;
    EXPECT_TRUE(S_ISSOCK(info.st_mode));
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << port;
    EXPECT_EQ(info.st_uid, 0U);
  }
}

}  // namespace
}  // namespace tobari::vmhost
