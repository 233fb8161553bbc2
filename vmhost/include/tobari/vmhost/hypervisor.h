// SPDX-License-Identifier: GPL-3.0-or-later
// The seam to whatever runs desktops. A domain is one desktop's VM, one that is a container (docs/CONTAINERS.md), or a
// template that desktops are copied from (docs/CLONES.md); it carries its id, and domains that somebody else made are
// never seen or touched. What is said of VMs here holds for containers as well, where nothing else is said.
//
// Every call blocks and may be made from any thread; watchers are called on a thread of the hypervisor and must return
// at once. What they hear are hints, list() is the truth. kUnavailable: the hypervisor's service is away, try again
// after the next kResync.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace tobari::vmhost {

enum class Accelerator : std::uint8_t { kTcg, kKvm };

// The user that the VM's process runs as. Files stay as their owner made them: the disk must be this user's, the
// image's files readable to it.
struct VmUser {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

// A VM's card in the network for desktops, behind the guard (domain_xml.h).
struct NetworkCard {
  std::string network;                    // libvirt's name; empty: `bridge` is not libvirt's
  std::string bridge;                     // the host's device
  std::vector<std::string> dhcp_servers;  // numeric; others' answers do not reach the VM. Empty: anybody's do
};

// A disk besides the desktop's own, in a qcow2 file that stands on no other.
struct ExtraDisk {
  std::string file;
  std::string serial;  // by which the guest knows it: 1 to 20 of [a-z0-9]
};

// A folder of the host that the guest sees (9p). The files in it are the VM's user's; who owns them in the guest is
// kept beside them.
struct SharedFolder {
  std::string path;
  std::string tag;  // by which the guest knows it
};

// What a desktop is: a machine with a kernel of its own, or processes of this host's kernel in name spaces of theirs.
enum class MachineKind : std::uint8_t { kVm, kContainer };

// Users and groups of this host that a container has for itself, one after the other.
inline constexpr std::uint32_t kIdsOfContainer = 65536;

// What a container has instead of a kernel and a disk.
struct ContainerFiles {
  std::string base;            // folder: the image's system, for all desktops; none of them owns a file of it
  std::string own;             // folder: what this desktop has of its own; `first_id` owns it
  std::uint32_t first_id = 0;  // the first of its users and groups: root in there
  std::string host_name;       // an RFC 1123 label
};

// What a machine boots with when it is not given a kernel.
enum class Firmware : std::uint8_t { kBios, kUefi };

// Paravirtualized: virtio, fastest, for systems that have its drivers. Full: devices that every system knows.
enum class DeviceModel : std::uint8_t { kParavirtualized, kFull };

// What a frozen template is, besides its disk.
struct TemplateFiles {
  std::string ram;    // its memory, of just the size that the copy's is to have
  std::string state;  // of its devices
};

// One desktop, complete. Paths are absolute. Of a container: id, title, vcpus, memory, network, `container`; its ports
// are where ports.h says.
struct DomainSpec {
  DesktopId id;
  std::string title;  // for people
  Accelerator accelerator = Accelerator::kTcg;
  std::uint32_t vcpus = 2;          // 1-64
  std::uint32_t memory_mib = 1024;  // 64-1048576
  std::uint32_t heads = 1;          // 1-16
  std::string kernel;               // empty: it boots from its disk, or else from the medium
  std::string initrd;               // empty: none
  std::string cmdline;
  std::string disk;                 // the desktop's own qcow2 overlay
  std::string backing_disk;         // the image's qcow2 file, on which the overlay stands
  std::string agent_channel;        // virtio-serial port name; empty: the guest has no agent
  std::string agent_socket;         // where that port listens on the host
  std::string clipboard_channel{};  // likewise, of the guest's clipboard agent
  std::string clipboard_socket{};
  std::optional<VmUser> user;            // empty: the hypervisor's choice
  std::optional<NetworkCard> network{};  // empty: the VM has no network
  std::string frozen_disk{};             // a template's overlay between `disk` and `backing_disk`; empty: none
  std::string shared_ram{};              // the file that its memory is in: of a template; empty: a desktop
  bool spare_ports = false;              // devices may come while it runs
  std::optional<SharedFolder> folder{};  // not of a copy: its template has none
  MachineKind machine = MachineKind::kVm;
  ContainerFiles container{};
  Firmware firmware = Firmware::kBios;  // of one without a kernel
  DeviceModel devices = DeviceModel::kParavirtualized;
  std::string medium{};  // an ISO file in its drive; empty: it has no drive
};

struct DomainInfo {
  DesktopId id;
  bool running = false;
  bool is_template = false;
  bool paused = false;  // it runs, and its processors do not
  bool saved = false;   // it does not run, and start() goes on where it was
  friend bool operator==(const DomainInfo&, const DomainInfo&) = default;
};

struct DomainEvent {
  enum class Kind : std::uint8_t {
    kStarted,
    kStopped,  // for whatever reason, its own death included; may be missing shortly after a kResync
    kResync,   // the service was lost or is back: events may be missing, ask list(). `id` is empty
  };
  Kind kind = Kind::kResync;
  DesktopId id;
  std::string detail;  // for logs
};

enum class StopMode : std::uint8_t {
  kAsk,  // presses the power button; success says that it was pressed
  kNow,  // pulls the plug; on success the VM is gone
};

// Ends the watch when destroyed; returns when no call can come any more. Never destroyed from its own callback.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

class Hypervisor {
 public:
  virtual ~Hypervisor() = default;
  [[nodiscard]] virtual Result<std::vector<DomainInfo>> list() = 0;
  // Again with another spec: holds from the next start. With a network card also the guard that it stands behind.
  [[nodiscard]] virtual Result<void> define(const DomainSpec& spec) = 0;
  // Never the disk; what was saved of it, too. Unknown is success; kAlreadyExists while it runs.
  [[nodiscard]] virtual Result<void> undefine(const DesktopId& id) = 0;
  // Running already is success; kNotFound when it was not defined.
  [[nodiscard]] virtual Result<void> start(const DesktopId& id) = 0;
  // Not running, or unknown, is success.
  [[nodiscard]] virtual Result<void> stop(const DesktopId& id, StopMode mode) = 0;
  // Its processors stand still, its memory stays. Suspended already is success; kNotFound when it does not run.
  [[nodiscard]] virtual Result<void> suspend(const DesktopId& id) = 0;
  // Not suspended is success; kNotFound when it does not run.
  [[nodiscard]] virtual Result<void> resume(const DesktopId& id) = 0;
  // Memory and devices to the host's disk; the VM is gone then, and the next start() goes on where it was, whatever
  // define() says meanwhile. Saved already is success; kNotFound when it does not run.
  [[nodiscard]] virtual Result<void> save(const DesktopId& id) = 0;
  // The next start() begins anew. Nothing saved, or unknown, is success.
  [[nodiscard]] virtual Result<void> forget_saved(const DesktopId& id) = 0;
  // Gives a running VM one more disk, until it ends. There already is success; kNotFound when it does not run. Wants
  // DomainSpec::spare_ports, or a copy.
  [[nodiscard]] virtual Result<void> attach_disk(const DesktopId& id, const ExtraDisk& disk) = 0;
  // A connected socket to the VM's D-Bus display; each call makes a new one. QEMU serves it to one user only: `user`,
  // or who calls when empty. To a container's picture port (installer/guest/picture/PROTOCOL.md), whoever is to use it.
  // The newest connection counts. kNotFound when the VM does not run.
  [[nodiscard]] virtual Result<UniqueFd> display(const DesktopId& id, std::optional<std::uint32_t> user) = 0;
  // Writes the state of a template's devices into `state_file` (which is there, and its VM's user may write to it) and
  // ends it: with its memory's file and its disk it is what clone() copies. kNotFound: it does not run. On any other
  // error it may still run, and is of no use. Containers are never templates: kInvalidArgument, as for clone().
  [[nodiscard]] virtual Result<void> freeze(const DesktopId& id, const std::string& state_file) = 0;
  // define() and start(), but what runs is a copy of the template: its memory, privately, its devices, its disk below
  // `spec.disk`, whose VM `spec` describes but for names, sockets and the network card, which is there from the next
  // start() on and can be attached. Running already is success. On an error it does not run, and start() boots it.
  [[nodiscard]] virtual Result<void> clone(const DomainSpec& spec, const TemplateFiles& of) = 0;
  // Gives a running copy or container its card. There already is success; kNotFound when it does not run.
  [[nodiscard]] virtual Result<void> attach_card(const DesktopId& id, const NetworkCard& card) = 0;
  // Bytes that its process shares with no other: what one more VM of the kind costs. kNotFound: it does not run, or
  // that is not known here.
  [[nodiscard]] virtual Result<std::uint64_t> private_memory(const DesktopId& id) = 0;
  // Whatever else freezes and copies in another way: a template is good with the version that froze it.
  [[nodiscard]] virtual Result<std::string> version() = 0;
  // The bridge of a network that the hypervisor keeps, started when it was not. kNotFound: there is no such network.
  [[nodiscard]] virtual Result<std::string> bridge_of(const std::string& network) = 0;
  [[nodiscard]] virtual std::unique_ptr<Subscription> watch(std::function<void(const DomainEvent&)> on_event) = 0;
};

}  // namespace tobari::vmhost
