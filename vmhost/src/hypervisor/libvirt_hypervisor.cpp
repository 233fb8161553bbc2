// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/vmhost/libvirt_hypervisor.h>

#include <array>
#include <cstdlib>
#include <format>
#include <map>
#include <poll.h>
#include <string_view>
#include <tuple>
#include <unistd.h>
#include <utility>

#include <libvirt/libvirt-lxc.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <tobari/vmhost/container_xml.h>
#include <tobari/vmhost/domain_xml.h>

#include "container_group.h"
#include "container_ports.h"
#include "libvirt_connection.h"
#include "libvirt_error.h"
#include "libvirt_templates.h"
#include "network_link.h"
#include "socket_pair.h"

namespace tobari::vmhost {
namespace {

struct FreeDomain {
  void operator()(virDomainPtr domain) const noexcept { ::virDomainFree(domain); }
};
using Domain = std::unique_ptr<virDomain, FreeDomain>;
struct FreeNetwork {
  void operator()(virNetworkPtr network) const noexcept { ::virNetworkFree(network); }
};
using Network = std::unique_ptr<virNetwork, FreeNetwork>;
struct FreeFilter {
  void operator()(virNWFilterPtr filter) const noexcept { ::virNWFilterFree(filter); }
};
using Filter = std::unique_ptr<virNWFilter, FreeFilter>;
using Connection = std::shared_ptr<virConnect>;

constexpr int kFirstProcessLooks = 400;  // at most two seconds in all, and what libvirt takes to answer
constexpr int kFirstProcessLookMilliseconds = 5;

// kNotFound when there is none.
Result<Domain> find(const Connection& connection, const DesktopId& id) {
  Domain domain(::virDomainLookupByUUIDString(connection.get(), id.str().c_str()));
  if (!domain) return libvirt_failure(std::format("find the VM of desktop {}", id.str()));
  if (!key_of(domain.get())) return fail(Errc::kNotFound, std::format("the VM {} is somebody else's", id.str()));
  return domain;
}

// By id whether it is a template. Two calls for a whole list, however long it is, instead of one for each VM.
Result<std::map<DesktopId, bool>> ours(const Connection& connection, unsigned flags) {
  virDomainPtr* all = nullptr;
  const int count = ::virConnectListAllDomains(connection.get(), &all, flags);
  if (count < 0) return libvirt_failure("list the VMs");
  std::map<DesktopId, bool> found;
  for (int i = 0; i < count; ++i) {
    const Domain domain(all[i]);
    if (const auto key = key_of(domain.get())) found.emplace(key->id, key->is_template);
  }
  std::free(all);
  return found;
}

bool is_active(const Domain& domain) { return ::virDomainIsActive(domain.get()) == 1; }

// Calls that changed nothing because it had already happened: another thread, or the VM itself, was quicker.
bool was_not_running() {
  const virError* last = ::virGetLastError();
  return last != nullptr && (last->code == VIR_ERR_OPERATION_INVALID || last->code == VIR_ERR_NO_DOMAIN);
}

// libvirt's way to write 11.3.0: 11003000.
std::string dotted(unsigned long version) {
  return std::format("{}.{}.{}", version / 1'000'000, version / 1000 % 1000, version % 1000);
}

class LibvirtHypervisor final : public Hypervisor {
 public:
  LibvirtHypervisor(LibvirtOptions options, std::shared_ptr<EventHub> hub, std::shared_ptr<LibvirtEvents> events)
      : options_(std::move(options)), hub_(std::move(hub)), connection_(options_.uri, hub_, std::move(events)) {}

  Result<std::vector<DomainInfo>> list() override {
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    TOBARI_ASSIGN(const auto running, ours(connection, VIR_CONNECT_LIST_DOMAINS_ACTIVE));
    TOBARI_ASSIGN(const auto paused, ours(connection, VIR_CONNECT_LIST_DOMAINS_PAUSED));
    TOBARI_ASSIGN(const auto saved, ours(connection, VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE));
    TOBARI_ASSIGN(const auto all, ours(connection, 0));
    std::vector<DomainInfo> found;
    for (const auto& [id, is_template] : all) {
      found.push_back({.id = id,
                       .running = running.contains(id),
                       .is_template = is_template,
                       .paused = running.contains(id) && (paused.contains(id) || is_frozen(connection, id)),
                       .saved = saved.contains(id)});
    }
    return found;
  }

  Result<void> define(const DomainSpec& spec) override {
    if (spec.id.empty()) return fail(Errc::kInvalidArgument, "a domain needs an id");
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    if (spec.network) TOBARI_TRY(define_guard(connection));
    const std::string xml = options_.describe ? options_.describe(spec)
                            : of_containers() ? container_xml(spec)
                                              : domain_xml(spec);
    const Domain domain(::virDomainDefineXML(connection.get(), xml.c_str()));
    if (!domain) return libvirt_failure(std::format("define the VM of desktop {}", spec.id.str()));
    return {};
  }

  Result<void> undefine(const DesktopId& id) override {
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    auto domain = find(connection, id);
    if (!domain) return not_found_is_fine(std::move(domain).error());
    if (is_active(*domain)) return fail(Errc::kAlreadyExists, "the VM is running");
    const unsigned with_what_was_saved = of_containers() ? 0U : unsigned{VIR_DOMAIN_UNDEFINE_MANAGED_SAVE};
    // What UEFI has kept for it goes with it; asked for only then, because not every driver knows the flag.
    if (::virDomainUndefineFlags(domain->get(), with_what_was_saved) < 0 &&
        (of_containers() ||
         ::virDomainUndefineFlags(domain->get(), with_what_was_saved | VIR_DOMAIN_UNDEFINE_NVRAM) < 0)) {
      return libvirt_failure(std::format("undefine the VM of desktop {}", id.str()));
    }
    return {};
  }

  Result<void> start(const DesktopId& id) override {
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    TOBARI_ASSIGN(const Domain domain, find(connection, id));
    if (is_active(domain)) return {};
    auto created = of_containers() ? create_container(domain, id) : create_machine(domain, id);
    if (!created && is_active(domain)) return {};
    return created;
  }

  Result<void> stop(const DesktopId& id, StopMode mode) override {
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    auto domain = find(connection, id);
    if (!domain) return not_found_is_fine(std::move(domain).error());
    if (!is_active(*domain)) return {};
    const int done = mode == StopMode::kAsk ? press_button(*domain) : ::virDomainDestroy(domain->get());
    if (done < 0 && !was_not_running()) {
      return libvirt_failure(std::format("stop the VM of desktop {}", id.str()));
    }
    return {};
  }

  Result<void> suspend(const DesktopId& id) override {
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    TOBARI_ASSIGN(const Domain domain, find(connection, id));
    TOBARI_ASSIGN(const int state, state_of(domain));
    if (state == VIR_DOMAIN_PAUSED || (of_containers() && is_container_frozen(process_of(domain)))) return {};
    if (::virDomainSuspend(domain.get()) == 0) return {};
    auto failure = libvirt_failure(std::format("suspend the VM of desktop {}", id.str()));
    if (of_containers() && freeze_container(process_of(domain), true)) return {};
    return failure;
  }

  Result<void> resume(const DesktopId& id) override {
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    TOBARI_ASSIGN(const Domain domain, find(connection, id));
    TOBARI_ASSIGN(const int state, state_of(domain));
    if (of_containers() && is_container_frozen(process_of(domain))) {
      if (state != VIR_DOMAIN_PAUSED) return freeze_container(process_of(domain), false);
    } else if (state != VIR_DOMAIN_PAUSED) {
      return {};
    }
    if (::virDomainResume(domain.get()) < 0) {
      return libvirt_failure(std::format("resume the VM of desktop {}", id.str()));
    }
    return {};
  }

  // Running when it is started again, whatever it was when it was saved.
  Result<void> save(const DesktopId& id) override {
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    TOBARI_ASSIGN(const Domain domain, find(connection, id));
    if (!is_active(domain)) {
      if (!of_containers() && ::virDomainHasManagedSaveImage(domain.get(), 0) == 1) return {};
      return fail(Errc::kNotFound, "the VM is not running");
    }
    if (of_containers()) return fail(Errc::kInvalidArgument, "a container cannot be saved");
    if (::virDomainManagedSave(domain.get(), VIR_DOMAIN_SAVE_RUNNING) < 0) {
      return libvirt_failure(std::format("save the VM of desktop {}", id.str()));
    }
    return {};
  }

  Result<void> forget_saved(const DesktopId& id) override {
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    auto domain = find(connection, id);
    if (!domain) return not_found_is_fine(std::move(domain).error());
    if (of_containers() || ::virDomainHasManagedSaveImage(domain->get(), 0) != 1) return {};
    if (::virDomainManagedSaveRemove(domain->get(), 0) < 0) {
      return libvirt_failure(std::format("forget what was saved of desktop {}", id.str()));
    }
    return {};
  }

  Result<void> attach_disk(const DesktopId& id, const ExtraDisk& disk) override {
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    TOBARI_ASSIGN(const Domain domain, find(connection, id));
    if (!is_active(domain)) return fail(Errc::kNotFound, "the VM is not running");
    if (of_containers()) return fail(Errc::kInvalidArgument, "a container gets no disks");
    char* described = ::virDomainGetXMLDesc(domain.get(), 0);
    if (described == nullptr) return libvirt_failure("ask what a VM has");
    const std::string xml = described;
    std::free(described);
    if (xml.contains("<serial>" + disk.serial + "</serial>")) return {};
    std::uint32_t place = 0;
    while (place < kMaxExtraDisks && xml.contains(std::format("dev='vd{}'", static_cast<char>('b' + place)))) ++place;
    if (place == kMaxExtraDisks) return fail(Errc::kExhausted, "the VM has as many disks as it may have");
    if (::virDomainAttachDeviceFlags(domain.get(), disk_xml(disk, place).c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0) {
      return libvirt_failure(std::format("attach a disk to desktop {}", id.str()));
    }
    return {};
  }

  Result<UniqueFd> display(const DesktopId& id, std::optional<std::uint32_t> user) override {
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    TOBARI_ASSIGN(const Domain domain, find(connection, id));
    if (!is_active(domain)) return fail(Errc::kNotFound, "the VM is not running");
    if (of_containers()) return connect_picture_port(options_.container_ports, id);
    TOBARI_ASSIGN(auto ends, socket_pair_of(user));
    if (::virDomainOpenGraphics(domain.get(), 0, ends.second.get(), 0) < 0) {
      return libvirt_failure(std::format("open the display of desktop {}", id.str()));
    }
    return std::move(ends.first);
  }

  Result<void> freeze(const DesktopId& id, const std::string& state_file) override {
    if (of_containers()) return not_copied();
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    TOBARI_ASSIGN(const Domain domain, find(connection, id));
    if (!is_active(domain)) return fail(Errc::kNotFound, "the VM is not running");
    if (::virDomainSuspend(domain.get()) < 0) return libvirt_failure("suspend a template");
    TOBARI_TRY(save_devices(domain.get(), state_file));
    if (::virDomainDestroy(domain.get()) < 0 && !was_not_running()) return libvirt_failure("end a template");
    return {};
  }

  Result<void> clone(const DomainSpec& spec, const TemplateFiles& of) override {
    if (of_containers()) return not_copied();
    TOBARI_TRY(define(spec));
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    TOBARI_ASSIGN(const Domain defined, find(connection, spec.id));
    if (is_active(defined)) return {};
    // A description for this one life beside the one that is kept.
    const std::string xml = options_.describe ? options_.describe(spec) : clone_xml(spec, of);
    const Domain domain(::virDomainCreateXML(connection.get(), xml.c_str(), VIR_DOMAIN_START_PAUSED));
    if (!domain) return libvirt_failure(std::format("start the copy for desktop {}", spec.id.str()));
    auto loaded = load_devices(domain.get(), of.state);
    if (loaded && ::virDomainResume(domain.get()) < 0) loaded = libvirt_failure("let a copy run");
    if (loaded) return {};
    static_cast<void>(::virDomainDestroy(domain.get()));
    return loaded;
  }

  Result<void> attach_card(const DesktopId& id, const NetworkCard& card) override {
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    TOBARI_ASSIGN(const Domain domain, find(connection, id));
    if (!is_active(domain)) return fail(Errc::kNotFound, "the VM is not running");
    TOBARI_ASSIGN(const bool there, has_card(domain, id));
    if (there) return {};
    TOBARI_TRY(define_guard(connection));
    if (of_containers()) await_first_process(domain);
    if (::virDomainAttachDeviceFlags(domain.get(), card_xml(id, card, machine()).c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0) {
      const auto failure = libvirt_failure(std::format("connect desktop {} to the network", id.str()));
      // libvirt leaves the pair of devices that it made for a container, and could then never make it again.
      if (of_containers() && !has_card(domain, id).value_or(true)) static_cast<void>(remove_network_link(tap_name(id)));
      return failure;
    }
    return {};
  }

  Result<std::uint64_t> private_memory(const DesktopId& id) override {
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    TOBARI_ASSIGN(const Domain domain, find(connection, id));
    if (!is_active(domain)) return fail(Errc::kNotFound, "the VM is not running");
    if (of_containers()) return container_memory(process_of(domain));
    return private_bytes(::virDomainGetName(domain.get()));
  }

  Result<std::string> version() override {
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    const char* type = ::virConnectGetType(connection.get());
    unsigned long number = 0;
    if (type == nullptr || ::virConnectGetVersion(connection.get(), &number) < 0) {
      return libvirt_failure("ask for the hypervisor's version");
    }
    return std::format("{} {}, libvirt {}", type, dotted(number), libvirt_version());
  }

  Result<std::string> bridge_of(const std::string& name) override {
    TOBARI_ASSIGN(const Connection connection, connection_.get());
    const Network network(::virNetworkLookupByName(connection.get(), name.c_str()));
    if (!network) return libvirt_failure(std::format("find the network for desktops, \"{}\"", name));
    if (::virNetworkIsActive(network.get()) == 0 && ::virNetworkCreate(network.get()) < 0 &&
        ::virNetworkIsActive(network.get()) != 1) {
      return libvirt_failure(std::format("start the network for desktops, \"{}\"", name));
    }
    char* bridge = ::virNetworkGetBridgeName(network.get());
    if (bridge == nullptr) return libvirt_failure(std::format("ask for the bridge of the network \"{}\"", name));
    std::string found = bridge;
    std::free(bridge);
    return found;
  }

  std::unique_ptr<Subscription> watch(std::function<void(const DomainEvent&)> on_event) override {
    return hub_->add(std::move(on_event));
  }

 private:
  // kNotFound when it does not run.
  static Result<int> state_of(const Domain& domain) {
    int state = VIR_DOMAIN_NOSTATE;
    if (::virDomainGetState(domain.get(), &state, nullptr, 0) < 0) return libvirt_failure("ask for a VM's state");
    const bool runs = state != VIR_DOMAIN_SHUTOFF && state != VIR_DOMAIN_CRASHED;
    if (!runs) return fail(Errc::kNotFound, "the VM is not running");
    return state;
  }

  static Result<bool> has_card(const Domain& domain, const DesktopId& id) {
    char* described = ::virDomainGetXMLDesc(domain.get(), 0);
    if (described == nullptr) return libvirt_failure("ask what a VM has");
    const bool there = std::string_view(described).contains("<target dev='" + tap_name(id) + "'/>");
    std::free(described);
    return there;
  }

  [[nodiscard]] bool of_containers() const noexcept { return !options_.container_ports.empty(); }

  [[nodiscard]] MachineKind machine() const noexcept {
    return of_containers() ? MachineKind::kContainer : MachineKind::kVm;
  }

  static pid_t process_of(const Domain& domain) { return static_cast<pid_t>(::virDomainGetID(domain.get())); }

  // As suspend() does it where libvirt cannot.
  [[nodiscard]] bool is_frozen(const Connection& connection, const DesktopId& id) const {
    if (!of_containers()) return false;
    const auto domain = find(connection, id);
    return domain && is_container_frozen(process_of(*domain));
  }

  // A container's first program is told by a signal; libvirt would look for a pipe of another kind of it first.
  [[nodiscard]] int press_button(const Domain& domain) const {
    return of_containers() ? ::virDomainShutdownFlags(domain.get(), VIR_DOMAIN_SHUTDOWN_SIGNAL)
                           : ::virDomainShutdown(domain.get());
  }

  static std::unexpected<Error> not_copied() {
    return fail(Errc::kInvalidArgument, "a container starts from its files and is not copied");
  }

  static Result<void> create_machine(const Domain& domain, const DesktopId& id) {
    if (::virDomainCreate(domain.get()) == 0) return {};
    return libvirt_failure(std::format("start the VM of desktop {}", id.str()));
  }

  Result<void> create_container(const Domain& domain, const DesktopId& id) const {
    TOBARI_ASSIGN(const ContainerPorts ports, listen_container_ports(options_.container_ports, id));
    std::array<int, std::tuple_size_v<ContainerPorts>> descriptors{};
    for (std::size_t i = 0; i < ports.size(); ++i) descriptors[i] = ports[i].get();
    if (::virDomainCreateWithFiles(domain.get(), static_cast<unsigned>(descriptors.size()), descriptors.data(), 0) ==
        0) {
      return {};
    }
    auto failure = libvirt_failure(std::format("start the container of desktop {}", id.str()));
    if (const auto refusal = container_refusal(failure.error().message)) return fail(Errc::kInvalidArgument, *refusal);
    return failure;
  }

  // libvirt says that a container runs before it has heard of the process that it could put a card into. Not to wait
  // longer is no fault here: the attach itself then says what is missing.
  static void await_first_process(const Domain& domain) {
    for (int look = 0; look < kFirstProcessLooks && !knows_first_process(domain); ++look) {
      ::poll(nullptr, 0, kFirstProcessLookMilliseconds);
    }
  }

  // Its name spaces are handed out as soon as that process is known; libvirt has no other way to be asked.
  static bool knows_first_process(const Domain& domain) {
    int* spaces = nullptr;
    const int count = ::virDomainLxcOpenNamespace(domain.get(), &spaces, 0);
    for (int i = 0; i < count; ++i) ::close(spaces[i]);
    std::free(spaces);
    return count >= 0;
  }

  // Again each time: libvirt sees by itself whether it has changed, and somebody may have removed it meanwhile.
  static Result<void> define_guard(const Connection& connection) {
    const Filter filter(::virNWFilterDefineXML(connection.get(), guard_xml().c_str()));
    if (!filter) return libvirt_failure("make the network filter of desktops (is libvirt's nwfilter driver there?)");
    return {};
  }

  static Result<void> not_found_is_fine(Error error) {
    if (error.code == Errc::kNotFound) return {};
    return std::unexpected(std::move(error));
  }

  const LibvirtOptions options_;
  const std::shared_ptr<EventHub> hub_;
  LibvirtConnection connection_;
};

}  // namespace

Result<std::unique_ptr<Hypervisor>> make_libvirt_hypervisor(LibvirtOptions options) {
  TOBARI_ASSIGN(auto events, LibvirtEvents::shared());
  return std::unique_ptr<Hypervisor>(
      std::make_unique<LibvirtHypervisor>(std::move(options), std::make_shared<EventHub>(), std::move(events)));
}

std::string libvirt_version() {
  unsigned long version = 0;
  if (::virGetVersion(&version, nullptr, nullptr) < 0) return "unknown";
  return dotted(version);
}

}  // namespace tobari::vmhost
