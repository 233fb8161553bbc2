// SPDX-License-Identifier: GPL-3.0-or-later
// LibvirtHypervisor over a real libvirtd with QEMU (TCG). The first test starts libvirtd when none answers; it ends
// with the namespace that the tests run in. Outside the platform root these tests skip rather than touch the machine's
// libvirt.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>

#include <tobari/vmhost/libvirt_hypervisor.h>

#include "hypervisor_contract.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

int run(const std::string& command) { return std::system((command + " >/dev/null").c_str()); }

// One libvirtd for this process's tests. A guest of four instructions: it powers nothing, needs no image and starts at
// once.
class Libvirt {
 public:
  static Libvirt& get() {
    static Libvirt libvirt;
    return libvirt;
  }
  [[nodiscard]] bool usable() const { return usable_; }
  [[nodiscard]] const fs::path& dir() const { return dir_; }

  void start_daemon() { ASSERT_EQ(run(std::string(TOBARI_LIBVIRT_START) + " " + dir_.string()), 0); }
  // On return it has gone.
  static void kill_daemon(const char* signal) {
    ASSERT_EQ(run(std::string("pid=$(cat /run/libvirtd.tobari.pid) && kill ") + signal +
                  " $pid && timeout 20 tail --pid=$pid -s 0.05 -f /dev/null"),
              0);
  }
  static int vm_processes(const DesktopId& id) {
    FILE* out = ::popen(("pgrep -fc guest=tobari-" + id.str()).c_str(), "r");
    int count = -1;
    if (out == nullptr || std::fscanf(out, "%d", &count) != 1) count = -1;
    if (out != nullptr) ::pclose(out);
    return count - 1;  // the shell that asks holds the text as well
  }

 private:
  Libvirt() {
    if (!fs::exists("/etc/tobari-root") || ::geteuid() != 0) return;
    char name[] = "/tmp/tobari-libvirt.XXXXXX";
    dir_ = ::mkdtemp(name);
    ::chmod(name, 0711);
    usable_ = run("qemu-img create -q -f qcow2 " + (dir_ / "base.qcow2").string() + " 16M") == 0;
    write_kernel();
    start_daemon();
  }
  ~Libvirt() {
    if (!usable_) return;
    static_cast<void>(run("pkill -TERM -x libvirtd; pkill -TERM -x virtlogd; true"));
  }
  // Linux boot protocol 2.0's least: the firmware accepts it, jumps to it, and it spins.
  void write_kernel() {
    std::string image(2048, '\xf4');
    image[0x1f1] = 1;  // one setup sector
    image.replace(0x1fe, 2, "\x55\xaa");
    image.replace(0x202, 4, "HdrS");
    image.replace(0x206, 2, std::string("\x00\x02", 2));
    image.replace(0x200, 2, "\xeb\xfe");
    std::ofstream(dir_ / "kernel", std::ios::binary) << image;
  }

  bool usable_ = false;
  fs::path dir_;
};

struct Qemu {
  static constexpr bool kHasDisplay = true;
  static constexpr bool kAskStops = false;  // nobody is in there
  static constexpr bool kCopies = true;
  static constexpr bool kSaves = true;
  static constexpr bool kExtraDisks = true;
  static Result<std::unique_ptr<Hypervisor>> make() {
    static_cast<void>(Libvirt::get());
    return make_libvirt_hypervisor({});
  }
  // Bridges are the network name space's: not in the machine's.
  static bool define_network(Hypervisor&, const std::string& name, const std::string& bridge) {
    if (std::getenv("TOBARI_OWN_NETWORK") == nullptr) return false;
    if (run("virsh -q -c qemu:///system net-info " + name + " 2>&1") == 0) return true;
    const fs::path file = Libvirt::get().dir() / "network.xml";
    std::ofstream(file) << "<network><name>" << name << "</name><bridge name='" << bridge
                        << "'/><ip address='192.168.177.1' netmask='255.255.255.0'/></network>";
    return run("virsh -q -c qemu:///system net-define " + file.string()) == 0;
  }
  static DomainSpec spec(const DesktopId& id) {
    const fs::path dir = Libvirt::get().dir();
    DomainSpec spec;
    spec.id = id;
    spec.vcpus = 1;
    spec.memory_mib = 64;
    spec.kernel = dir / "kernel";
    spec.cmdline = "quiet";
    spec.backing_disk = dir / "base.qcow2";
    spec.disk = dir / (id.str() + ".qcow2");
    spec.agent_channel = "org.tobari.agent.0";
    spec.agent_socket = dir / (id.str() + ".sock");
    spec.user = VmUser{64055, 993};
    if (!fs::exists(spec.disk)) make_overlay(spec, spec.backing_disk);
    return spec;
  }
  static ExtraDisk extra_disk(const DesktopId& id) {
    const fs::path file = Libvirt::get().dir() / ("extra-" + id.str() + ".qcow2");
    EXPECT_EQ(run("qemu-img create -q -f qcow2 " + file.string() + " 16M"), 0);
    EXPECT_EQ(::chown(file.c_str(), 64055, 993), 0);
    return {.file = file.string(), .serial = "0123456789abcdef"};
  }
  static DomainSpec spec(const DesktopId& id, const DomainSpec& of) {
    DomainSpec made = spec(id);
    made.frozen_disk = of.disk;
    make_overlay(made, of.disk);
    return made;
  }
  static DomainSpec template_spec(const DesktopId& id) {
    DomainSpec made = spec(id);
    const fs::path dir = Libvirt::get().dir() / ("template-" + id.str());
    fs::create_directories(dir);
    made.shared_ram = dir / "ram";
    for (const char* file : {"ram", "state"}) {
      std::ofstream(dir / file).flush();
      EXPECT_EQ(::chown((dir / file).c_str(), made.user->uid, made.user->gid), 0);
    }
    fs::resize_file(made.shared_ram, std::uintmax_t{made.memory_mib} << 20U);
    return made;
  }
  // Nobody's to write: a copy that could would change its sisters.
  static void seal(const DomainSpec& spec) {
    const fs::path dir = fs::path(spec.shared_ram).parent_path();
    for (const fs::path& file : {dir / "ram", dir / "state", fs::path(spec.disk)}) {
      EXPECT_EQ(::chown(file.c_str(), 0, spec.user->gid), 0);
      EXPECT_EQ(::chmod(file.c_str(), 0440), 0);
    }
  }

 private:
  static void make_overlay(const DomainSpec& spec, const std::string& on) {
    run("qemu-img create -q -f qcow2 -F qcow2 -b " + on + " " + spec.disk);
    EXPECT_EQ(::chown(spec.disk.c_str(), spec.user->uid, spec.user->gid), 0);
  }
};

class LibvirtQemu : public HypervisorContract<Qemu> {
 protected:
  void SetUp() override {
    if (!Libvirt::get().usable()) GTEST_SKIP() << "not in the platform root";
    HypervisorContract<Qemu>::SetUp();
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(LibvirtQemu, HypervisorContract, Qemu);

TEST_F(LibvirtQemu, VmOutlivesLibvirtdAndIsFoundAgain) {
  EventLog log;
  const auto watch = hypervisor_->watch([&log](const DomainEvent& event) { log.add(event); });
  const DesktopId id = defined();
  start(id);
  for (const char* signal : {"-KILL", "-TERM"}) {
    const int resyncs = signal == std::string("-KILL") ? 0 : 2;
    Libvirt::kill_daemon(signal);
    ASSERT_TRUE(log.wait_for(DomainEvent::Kind::kResync, {}, resyncs + 1));
    EXPECT_EQ(hypervisor_->list().error().code, Errc::kUnavailable);
    Libvirt::get().start_daemon();
    ASSERT_TRUE(log.wait_for(DomainEvent::Kind::kResync, {}, resyncs + 2));
    EXPECT_EQ(running(id), 1);
    start(id);
    EXPECT_EQ(Libvirt::vm_processes(id), 1);
  }
  // Events flow again on the new connection. Not for the VM that ran before: a libvirtd that has just come back may
  // still be taking it over, and then says nothing about its end.
  ASSERT_TRUE(hypervisor_->stop(id, StopMode::kNow));
  EXPECT_EQ(running(id), 0);
  start(id);
  EXPECT_TRUE(log.wait_for(DomainEvent::Kind::kStarted, id, 2));
  ASSERT_TRUE(hypervisor_->stop(id, StopMode::kNow));
  EXPECT_TRUE(log.wait_for(DomainEvent::Kind::kStopped, id));
}

TEST_F(LibvirtQemu, DeathOfQemuIsHeard) {
  EventLog log;
  const auto watch = hypervisor_->watch([&log](const DomainEvent& event) { log.add(event); });
  const DesktopId id = defined();
  start(id);
  ASSERT_EQ(run("pkill -KILL -f guest=tobari-" + id.str().substr(0, 35) + "[" + id.str().substr(35) + "]"), 0);
  EXPECT_TRUE(log.wait_for(DomainEvent::Kind::kStopped, id));
  EXPECT_EQ(running(id), 0);
  start(id);
}

// relabel='no' in the description: libvirt must leave the image to its owner, or any VM could write into all of them.
TEST_F(LibvirtQemu, SharedImageStaysItsOwners) {
  const DesktopId id = defined();
  start(id);
  for (const char* file : {"base.qcow2", "kernel"}) {
    struct stat info{};
    ASSERT_EQ(::stat((Libvirt::get().dir() / file).c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 0U) << file;
  }
}

// What a client of `user` hears when it says that it is `claimed` (D-Bus authentication, EXTERNAL).
std::string authenticate(int socket, std::uint32_t claimed) {
  std::string hex;
  for (const char digit : std::to_string(claimed)) hex += std::format("{:02x}", static_cast<int>(digit));
  const std::string bytes = std::string(1, '\0') + "AUTH EXTERNAL " + hex + "\r\n";
  EXPECT_EQ(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  char answer[256] = {};
  const timeval patience{5, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const ssize_t n = ::recv(socket, answer, sizeof answer, 0);
  return {answer, n > 0 ? static_cast<std::size_t>(n) : 0};
}

// QEMU refused a display process that was not root: the socket's maker was.
TEST_F(LibvirtQemu, DisplayIsForTheUserThatWasNamed) {
  const DesktopId id = defined();
  start(id);
  const auto named = hypervisor_->display(id, 2'000'000'007);
  ASSERT_TRUE(named) << describe(named.error());
  EXPECT_EQ(authenticate(named->get(), 2'000'000'007).substr(0, 3), "OK ");
  const auto other = hypervisor_->display(id, 2'000'000'007);
  EXPECT_EQ(authenticate(other->get(), 0).substr(0, 8), "REJECTED");
  const auto own = hypervisor_->display(id, std::nullopt);
  EXPECT_EQ(authenticate(own->get(), ::geteuid()).substr(0, 3), "OK ");
  EXPECT_EQ(::geteuid(), 0U);
}

TEST_F(LibvirtQemu, AgentSocketListens) {
  const DesktopId id = defined();
  start(id);
  EXPECT_TRUE(fs::is_socket(Qemu::spec(id).agent_socket));
}

}  // namespace
}  // namespace tobari::vmhost
