// SPDX-License-Identifier: GPL-3.0-or-later
#include "world.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

#include <gtest/gtest.h>

#include <tobari/base/random.h>
#include <tobari/vmhost/domain_xml.h>

#include "../vmhost/identity.h"
#include "host/files.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

std::string output_of(const std::string& command) {
  std::string text;
  FILE* out = ::popen(command.c_str(), "r");
  char part[4096];
  while (out != nullptr) {
    const std::size_t n = std::fread(part, 1, sizeof part, out);
    if (n == 0) break;
    text.append(part, n);
  }
  if (out != nullptr) ::pclose(out);
  return text;
}

}  // namespace

World* World::get() { return made(false); }
World* World::of_containers() { return made(true); }

World* World::made(bool containers) {
  static std::unique_ptr<World> world = [containers] {
    std::unique_ptr<World> one(new World(containers));
    if (!one->make()) one.reset();
    return one;
  }();
  return world.get();
}

bool World::make() {
  if (!fs::exists("/etc/tobari-root") || ::geteuid() != 0 || std::getenv("TOBARI_OWN_NETWORK") == nullptr) return false;
  const std::string image =
      output_of(std::string(TOBARI_TREE "/installer/lib/guest-image") + (containers_ ? " container" : ""));
  image_ = image.substr(0, image.find('\n'));
  if (!fs::exists(image_ + "/manifest.json")) return false;
  fs::create_directories(disks());
  // A small disk of its own, so that it can be filled.
  if (shell("mount -t tmpfs -o size=256m,mode=711 tmpfs " + disks().string()) != 0) return false;
  fs::create_directories(dir_ / "images");
  fs::create_directory_symlink(image_, dir_ / "images/desktop");
  start_libvirt();
  define_network();
  broker_ = std::make_unique<FakeBroker>(make_identity(dir_));
  write_config();
  return start_host();
}

World::~World() {
  host_.end(SIGKILL);
  // The first process of the name space is this test: who ends must be waited for by itself.
  static_cast<void>(
      shell("pkill -KILL qemu-system; pkill -KILL -x libvirt_lxc; pkill -TERM -x libvirtd; "
            "pkill -TERM -x virtlogd; umount -l " +
            disks().string()));
}

void World::start_libvirt() {
  EXPECT_EQ(shell(TOBARI_TREE "/installer/lib/libvirt-start " + (dir_ / "libvirt").string()), 0);
}

void World::define_network() {
  dir_.write("network.xml",
             "<network><name>desks</name><forward mode='open'/><bridge name='virbr-desks' stp='off'/>"
             "<ip address='192.168.177.1' netmask='255.255.255.0'>"
             "<dhcp><range start='192.168.177.100' end='192.168.177.200'/></dhcp></ip></network>");
  EXPECT_EQ(shell("virsh -q -c qemu:///system net-define " + (dir_ / "network.xml").string()), 0);
}

void World::write_config() {
  const auto probe = net::listen_tcp({"127.0.0.1", 0});  // a free port, known before
  front_ = *net::local_endpoint(probe->get());
  const std::string dir = dir_.path();
  dir_.write("vmhost.yaml", "broker: 127.0.0.1:" + std::to_string(broker_->port()) + "\nidentity_dir: " + dir +
                                "/identity\nkeep_free_gib: 0\ndisks_overcommit_percent: 100000\nstate_dir: " + dir +
                                "/state\nimages_dir: " + dir + "/images\nfront_listen: " + net::to_string(front_) +
                                "\ndisplay_program: " TOBARI_DISPLAY + "\naccelerator: tcg\nnetwork: desks\n" +
                                (containers_ ? "containers: on\n" : ""));
}

bool World::start_host() {
  broker_->clear();
  host_.start({TOBARI_VMHOST, "--config", dir_ / "vmhost.yaml"});
  return broker_->wait([](const auto& m) { return m.has_hello(); }).has_value();
}

// ---- what should be

wire::DesiredTemplate& World::want_template(const std::string& id, std::uint32_t vcpus) {
  wire::DesiredTemplate& wanted = *desired_.add_templates();
  wanted.set_id(id);
  wanted.set_image("desktop");
  wanted.set_vcpus(vcpus);
  wanted.set_memory_mib(512);
  wanted.set_heads(1);
  broker_->desire(desired_);
  return wanted;
}

void World::unwant_template(const std::string& id) {
  auto& all = *desired_.mutable_templates();
  all.erase(std::remove_if(all.begin(), all.end(), [&id](const auto& each) { return each.id() == id; }), all.end());
  broker_->desire(desired_);
}

std::string World::order_desktop(const std::string& template_id) {
  const std::string id = random_uuid();
  wire::DesiredDesktop& desktop = *desired_.add_desktops();
  desktop.set_desktop_id(id);
  desktop.set_epoch(1);
  names_[id] = "desk-" + id.substr(0, 8);
  desktop.set_name(names_[id]);
  desktop.set_image("desktop");
  desktop.set_vcpus(2);
  desktop.set_memory_mib(512);
  desktop.set_heads(1);
  desktop.set_power(wire::DesiredDesktop::ON);
  if (containers_) {
    desktop.set_machine(wire::DesiredDesktop::CONTAINER);
  } else {
    desktop.set_template_id(template_id);
  }
  broker_->desire(desired_);
  return id;
}

void World::power(const std::string& id, wire::DesiredDesktop::Power power) {
  for (wire::DesiredDesktop& each : *desired_.mutable_desktops()) {
    if (each.desktop_id() == id) each.set_power(power);
  }
  broker_->desire(desired_);
}

void World::restart_desktop(const std::string& id) {
  wire::ToHost message;
  message.mutable_restart_desktop()->set_request_id(random_uuid());
  message.mutable_restart_desktop()->set_desktop_id(id);
  message.mutable_restart_desktop()->set_epoch(1);
  broker_->send(message);
}

// ---- what is

wire::ActualDesktop World::actual(const std::string& id) {
  const wire::ActualState state = broker_->actual();
  for (const wire::ActualDesktop& each : state.desktops()) {
    if (each.desktop_id() == id) return each;
  }
  return {};
}

wire::ActualTemplate World::actual_template(const std::string& id) {
  const wire::ActualState state = broker_->actual();
  for (const wire::ActualTemplate& each : state.templates()) {
    if (each.id() == id) return each;
  }
  return {};
}

bool World::desktop_is(const std::string& id, wire::DesktopState state, std::chrono::seconds within) {
  return eventually([&] { return actual(id).state() == state; }, within);
}

bool World::template_is(const std::string& id, wire::ActualTemplate::State state, std::chrono::seconds within) {
  return eventually([&] { return actual_template(id).state() == state; }, within);
}

std::vector<pid_t> World::vm(const std::string& id) { return pids_of("guest=tobari-" + id); }
// libvirt's process for it is the parent of its first one.
std::vector<pid_t> World::container(const std::string& id) {
  std::vector<pid_t> found;
  for (const pid_t controller : pids_of("libvirt_lxc --name tobari-" + id)) {
    std::vector<pid_t> parents{controller};
    while (!parents.empty()) {
      std::istringstream children(output_of("pgrep -P " + std::to_string(parents.back())));
      parents.pop_back();
      for (pid_t pid = 0; children >> pid;) {
        found.push_back(pid);
        parents.push_back(pid);
      }
    }
  }
  return found;
}

std::vector<pid_t> World::template_vms() { return pids_of("guest=tobari-template-"); }

bool World::is_copy(pid_t vm) {
  std::ifstream file("/proc/" + std::to_string(vm) + "/cmdline");
  const std::string line{std::istreambuf_iterator<char>(file), {}};
  return line.find("-incoming") != std::string::npos;
}

// Columns: date, time, MAC, "ipv4", address/prefix, host name, client id.
std::vector<Lease> World::leases() {
  std::vector<Lease> found;
  std::istringstream lines(output_of("virsh -q -c qemu:///system net-dhcp-leases desks"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string date, time, protocol;
    Lease lease;
    if (words >> date >> time >> lease.mac >> protocol >> lease.address >> lease.host_name) found.push_back(lease);
  }
  return found;
}

std::optional<Lease> World::lease_of(const std::string& id) {
  const std::string mac = guest_mac(*DesktopId::parse(id));
  for (const Lease& each : leases()) {
    if (each.mac == mac) return each;
  }
  return std::nullopt;
}

std::vector<fs::path> World::generations() {
  std::vector<fs::path> found;
  for (const auto& each : fs::directory_iterator(dir_ / "state/templates")) found.push_back(each.path());
  return found;
}

fs::path World::disk(const std::string& id) const { return disks() / (id + ".qcow2"); }

// ---- sessions

std::optional<World::Session> World::open(const std::string& id) {
  Session session{random_token(), random_token(), {}};
  wire::ToHost message;
  wire::OpenDisplay& open = *message.mutable_open_display();
  open.set_request_id(random_uuid());
  open.set_desktop_id(id);
  open.set_epoch(1);
  open.set_session_id(random_uuid());
  open.set_routing_token_sha256(sha256(session.token));
  open.set_ticket_sha256(sha256(session.ticket));
  open.set_valid_seconds(60);
  broker_->send(message);
  const auto answer = broker_->wait([&](const wire::FromHost& m) {
    return m.display_opened().request_id() == open.request_id() || m.failed().request_id() == open.request_id();
  });
  if (!answer || !answer->has_display_opened()) return std::nullopt;
  session.fingerprint = answer->display_opened().certificate_sha256();
  return session;
}

std::optional<double> World::picture(const Session& session, int width, int height) {
  const std::string line = output_of(
      TOBARI_PROBE " --user user --address 127.0.0.1 --port " + std::to_string(front_.port) + " --routing-token " +
      session.token + " --password " + session.ticket + " --certificate-sha256 " + session.fingerprint + " --width " +
      std::to_string(width) + " --height " + std::to_string(height) + " 2>/dev/null");
  const std::string key = "\"first_picture_ms\":";
  const std::size_t at = line.find(key);
  if (at == std::string::npos) return std::nullopt;
  return std::strtod(line.c_str() + at + key.size(), nullptr);
}

}  // namespace tobari::vmhost
