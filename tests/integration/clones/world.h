// SPDX-License-Identifier: GPL-3.0-or-later
// A host as it is shipped: tobari-vmhost, tobari-display, libvirt, QEMU or containers, their image, a network with
// DHCP. Only the broker is the test's. Made once for a process, because its template's guest boots.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tobari/net/tcp_socket.h>

#include "../../unit/vmhost/temp_dir.h"
#include "../vmhost/fake_broker.h"
#include "../vmhost/processes.h"

namespace tobari::vmhost {

struct Lease {
  std::string mac;
  std::string address;
  std::string host_name;
};

class World {
 public:
  // Null, with a test's skip or failure, where it cannot be made.
  static World* get();
  static World* of_containers();  // whose desktops are such; one of the two in a process
  ~World();

  // ---- what should be
  wire::DesiredTemplate& want_template(const std::string& id, std::uint32_t vcpus);
  void unwant_template(const std::string& id);
  // A new desktop's id, on, to be a copy of that template.
  std::string order_desktop(const std::string& template_id = "t1");
  void power(const std::string& id, wire::DesiredDesktop::Power power);
  void restart_desktop(const std::string& id);

  // ---- what is
  [[nodiscard]] wire::ActualDesktop actual(const std::string& id);
  [[nodiscard]] wire::ActualTemplate actual_template(const std::string& id);
  [[nodiscard]] bool desktop_is(const std::string& id, wire::DesktopState state,
                                std::chrono::seconds within = std::chrono::seconds(40));
  [[nodiscard]] bool template_is(const std::string& id, wire::ActualTemplate::State state,
                                 std::chrono::seconds within = std::chrono::seconds(150));
  [[nodiscard]] std::vector<pid_t> vm(const std::string& id);
  [[nodiscard]] std::vector<pid_t> container(const std::string& id);  // all of its processes, its first one first
  [[nodiscard]] std::vector<pid_t> template_vms();
  [[nodiscard]] static bool is_copy(pid_t vm);
  [[nodiscard]] std::vector<Lease> leases();
  [[nodiscard]] std::optional<Lease> lease_of(const std::string& id);
  [[nodiscard]] std::vector<std::filesystem::path> generations();
  [[nodiscard]] std::filesystem::path disk(const std::string& id) const;
  [[nodiscard]] std::filesystem::path disks() const { return dir_ / "state/disks"; }
  [[nodiscard]] std::filesystem::path bases() const { return dir_ / "state/bases"; }
  [[nodiscard]] const std::string& name_of(const std::string& id) const { return names_.at(id); }

  // ---- sessions: milliseconds from the client's start to its first whole picture; nothing: there was none
  struct Session {
    std::string token, ticket, fingerprint;
  };
  [[nodiscard]] std::optional<Session> open(const std::string& id);
  [[nodiscard]] std::optional<double> picture(const Session& session, int width = 1280, int height = 800);

  void start_libvirt();
  void kill_host() { host_.end(SIGKILL); }
  // On return the broker has heard of it.
  [[nodiscard]] bool start_host();

 private:
  explicit World(bool containers) : containers_(containers) {}
  static World* made(bool containers);
  [[nodiscard]] bool make();
  void define_network();
  void write_config();

  const bool containers_;
  TempDir dir_;
  std::unique_ptr<FakeBroker> broker_;
  net::Endpoint front_;
  Process host_;
  wire::DesiredState desired_;
  std::string image_;
  std::map<std::string, std::string> names_;
};

}  // namespace tobari::vmhost
