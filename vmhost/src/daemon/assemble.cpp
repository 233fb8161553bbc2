// SPDX-License-Identifier: GPL-3.0-or-later
// The composition root: which parts there are and who knows whom.
#include "daemon/assemble.h"

#include <cerrno>
#include <csignal>
#include <format>
#include <fstream>
#include <memory>
#include <optional>
#include <poll.h>
#include <pwd.h>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <unistd.h>
#include <utility>
#include <vector>

#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#include <tobari/base/log.h>
#include <tobari/net/node_link.h>
#include <tobari/vmhost/domain_xml.h>
#include <tobari/vmhost/libvirt_hypervisor.h>
#include <tobari/vmhost/machine_router.h>

#include "daemon/observation.h"
#include "front/front.h"
#include "host/container_store.h"
#include "host/host_agent.h"
#include "host/lease_keeper.h"
#include "host/load_reporter.h"
#include "host/template_keeper.h"
#include "hypervisor/libvirt_storage.h"
#include "images/host_images.h"
#include "images/qemu_img_converter.h"
#include "keeper/keeper_line.h"
#include "link/broker_lines.h"
#include "link/part_fetcher.h"
#include "network/nft_packet_filter.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFrontName = "front";  // as the keeper has it (adoption.cpp)
constexpr std::size_t kDesktopWorkers = 8;  // libvirt starts so many VMs side by side; each waits most of the time

// Searchable by the VMs' user, readable by nobody else.
Result<void> make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail(Errc::kIo, std::format("make {}: {}", path.string(), error.message()));
  if (::chmod(path.c_str(), 0711) != 0) return fail_errno(errno, "set the mode of " + path.string());
  return {};
}

Result<std::optional<VmUser>> find_vm_user(const Config& config) {
  if (config.vm_user.empty() || ::geteuid() != 0) return std::optional<VmUser>();
  const passwd* user = ::getpwnam(config.vm_user.c_str());
  if (user == nullptr) return fail(Errc::kNotFound, std::format("there is no user \"{}\" (vm_user)", config.vm_user));
  return std::optional(VmUser{user->pw_uid, user->pw_gid});
}

Accelerator find_accelerator(const Config& config) {
  if (config.accelerator != "auto") return config.accelerator == "kvm" ? Accelerator::kKvm : Accelerator::kTcg;
  std::stringstream cpuinfo;
  cpuinfo << std::ifstream("/proc/cpuinfo").rdbuf();
  return choose_accelerator(fs::exists("/dev/kvm"), cpuinfo.str());
}

RecordingStore::Options recordings_of(const Config& config, std::set<std::string> interrupted) {
  RecordingStore::Options options;
  options.interrupted = std::move(interrupted);
  options.folder = config.recordings_dir;
  options.max_bytes = std::uint64_t{config.recordings_max_gib} << 30U;
  options.keep_for = std::chrono::days(config.recordings_keep_days);
  options.never_before = std::chrono::days(config.recordings_hold_days);
  return options;
}

RoomRules rules_of(const Config& config, std::uint32_t quota_gib, std::uint32_t overcommit_percent) {
  return {.quota_bytes = std::uint64_t{quota_gib} << 30U,
          .keep_free_bytes = std::uint64_t{config.keep_free_gib} << 30U,
          .overcommit_percent = overcommit_percent};
}

// What is a folder of this machine is only made sure of.
Result<void> open_storage(const Config& config) {
  for (const auto& [role, spec, folder] : {std::tuple("images", &config.images_storage, &config.images_dir),
                                           std::tuple("disks", &config.disks_storage, &config.disks_dir)}) {
    if (*spec && (*spec)->kind != StorageKind::kFolder) {
      auto ready = ensure_storage_pool(config.libvirt_uri, role, **spec, *folder);
      if (!ready) return context(std::move(ready).error(), std::format("{}_storage", role));
    }
  }
  return make_folder(config.disks_dir);
}

wire::HostHello hello(const Config& config, Accelerator accelerator, std::uint16_t front_port) {
  wire::HostHello hello;
  hello.set_name(config.name);
  hello.set_version(TOBARI_VERSION);
  hello.set_front_address(config.front_address.address);
  hello.set_front_port(config.front_address.port != 0 ? config.front_address.port : front_port);
  hello.set_cpus(static_cast<std::uint32_t>(::sysconf(_SC_NPROCESSORS_ONLN)));
  struct sysinfo info{};
  if (::sysinfo(&info) == 0) hello.set_memory_mib(std::uint64_t{info.totalram} * info.mem_unit >> 20U);
  hello.set_accelerator(accelerator == Accelerator::kKvm ? "kvm" : "tcg");
  return hello;
}

Result<UniqueFd> open_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGINT);
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return fail_errno(errno, "watch for signals");
  return fd;
}

// What runs desktops here: QEMU's machines, and containers where they are allowed.
Result<std::unique_ptr<Hypervisor>> make_hypervisor(const Config& config) {
  TOBARI_ASSIGN(auto machines, make_libvirt_hypervisor({.uri = config.libvirt_uri}));
  if (!config.containers) return machines;
  TOBARI_ASSIGN(auto containers,
                make_libvirt_hypervisor({.uri = config.container_uri, .container_ports = config.state_dir / "agents"}));
  return std::unique_ptr<Hypervisor>(std::make_unique<MachineRouter>(std::move(machines), std::move(containers)));
}

// All parts; members are made in this order and end in the opposite one.
class Host {
 public:
  static Result<void> run(const Config& config, RunOptions options) {
    Host host;
    TOBARI_TRY(host.make(config));
    TOBARI_ASSIGN(const UniqueFd signals, open_signals());
    const Loop::Handle watch = host.loop_->watch(signals.get(), POLLIN, [&host, &signals, options](short) {
      signalfd_siginfo info{};
      if (::read(signals.get(), &info, sizeof info) == sizeof info) host.leave(options);
    });
    log::info("serving", {{"front", std::to_string(host.front_->port())}, {"accelerator", host.accelerator_}});
    host.loop_->run();
    log::info("ending");
    return {};
  }

 private:
  Result<void> make(const Config& config) {
    // "disks": of containers too, wherever those of machines are.
    for (const char* folder : {"", "disks", "agents", "templates", "bases"}) {
      TOBARI_TRY(make_folder(config.state_dir / folder));
    }
    TOBARI_TRY(open_storage(config));
    TOBARI_ASSIGN(loop_, Loop::create());
    const ResourceGroups* const groups = find_groups();  // before anything is started, which would be in our own
    // Before any file is read: until it returns an agent before us may still write them.
    TOBARI_ASSIGN(Adoption adopted, find_what_was_left(config));
    std::vector<std::shared_ptr<grpc::Channel>> brokers;
    for (const std::string& each : config.brokers) {
      TOBARI_ASSIGN(brokers.emplace_back(), node::open(config.identity_dir, each));
    }
    TOBARI_ASSIGN(auto epochs, EpochStore::open(config.state_dir / "epochs"));
    TOBARI_ASSIGN(const auto vm_user, find_vm_user(config));
    TOBARI_ASSIGN(hypervisor_, make_hypervisor(config));
    images_.emplace(config.images_dir, config.state_dir / "image-digests");
    disks_.emplace(config.disks_dir, vm_user, rules_of(config, config.disks_max_gib, config.disks_overcommit_percent));
    TOBARI_TRY(make_folder(config.user_disks.folder));
    user_disks_.emplace(config.user_disks, config.user_storages, vm_user);
    template_store_.emplace(config.state_dir / "templates", vm_user);
    TOBARI_ASSIGN(recordings_, Recordings::create(*loop_, recordings_of(config, adopted.recorded()), clock_));
    hypervisor_worker_.emplace(*loop_);
    desktop_workers_.emplace(*loop_, kDesktopWorkers);
    disk_worker_.emplace(*loop_);
    TOBARI_ASSIGN(front_, Front::create(
                              *loop_, config.front_listen, {},
                              [this](const std::string& token, const std::string& address, int descriptor) {
                                return agent_->on_client(token, address, descriptor);
                              },
                              std::move(adopted.front)));
    if (keeper_) keeper_->keep(std::string(kFrontName), "", front_->listener());
    TOBARI_ASSIGN(lease_, LeaseKeeper::create(*loop_, {.file = config.state_dir / "lease", .brokers = brokers.size()}));
    const Accelerator accelerator = find_accelerator(config);
    accelerator_ = accelerator == Accelerator::kKvm ? "kvm" : "tcg";
    DesktopServices services{.loop = *loop_,
                             .hypervisor = *hypervisor_,
                             .hypervisor_worker = *hypervisor_worker_,
                             .desktop_workers = *desktop_workers_,
                             .disk_worker = *disk_worker_,
                             .images = *images_,
                             .disks = *disks_,
                             .agents_dir = config.state_dir / "agents"};
    if (config.network) {
      networks_.emplace(*loop_, *hypervisor_, *packet_filter_, *resolver_, *config.network, device_addresses,
                        NetworkKeeper::Times());
      services.networks = &*networks_;
    }
    templates_.emplace(TemplateServices{.loop = *loop_,
                                        .hypervisor = *hypervisor_,
                                        .hypervisor_worker = *hypervisor_worker_,
                                        .disk_worker = *disk_worker_,
                                        .images = *images_,
                                        .disks = *disks_,
                                        .store = *template_store_,
                                        .agents_dir = config.state_dir / "agents",
                                        .accelerator = accelerator,
                                        .vm_user = vm_user},
                       TemplateKeeper::Times());
    services.templates = &*templates_;
    if (config.containers) services.containers = make_containers(config);
    make_images(config, brokers);
    services.image_keeper = &host_images_->keeper();
    services.accelerator = accelerator;
    services.metrics = &metrics_;
    services.vm_user = vm_user;
    services.recordings = recordings_.get();
    services.user_disks = &*user_disks_;
    services.disk_claims = &disk_claims_;
    services.lease = lease_.get();
    services.display.program = config.display_program;
    services.display.socket = config.display_socket;
    services.display.log_level = log::to_string(config.log_level);
    services.display.groups = groups;
    services.display.figures = &displays_;
    services.display.keeper = keeper_.get();
    services.display.hold = std::chrono::seconds(config.keeper_hold_seconds);
    services.restarts.deaths = static_cast<int>(config.desktop_restarts) + 1;
    services.display.limits.memory_mib = config.display_memory_mib;
    services.display.limits.cpu_percent = config.display_cpu_percent;
    if (::geteuid() == 0 && config.first_display_uid != 0) services.first_uid = config.first_display_uid;
    HostAgent::Options options;
    options.desired_file = config.state_dir / "desired";
    options.hello = hello(config, accelerator, front_->port());
    agent_.emplace(
        std::move(options), std::move(services), std::move(epochs), EventQueue(config.state_dir / "events"),
        [this](const wire::FromHost& message) {
          if (link_) link_->send(message);
        },
        std::move(adopted));
    link_.emplace(*loop_, brokers,
                  BrokerLines::Callbacks{
                      .on_open = [this](const BrokerLines::Send& line) { agent_->on_broker_open(line); },
                      .on_message = [this](std::size_t broker,
                                           const wire::ToHost& message) { agent_->on_broker_message(message, broker); },
                      .on_lost = [this] { agent_->on_broker_lost(); }});
    load_.emplace(*loop_, *agent_, displays_, [this](const wire::FromHost& message) { link_->send(message); });
    if (config.metrics_listen) {
      TOBARI_ASSIGN(observation_,
                    Observation::start(*config.metrics_listen, {*loop_, metrics_, *agent_, *front_, displays_,
                                                                [this] { return link_->connected() > 0; }}));
    }
    return {};
  }

  // The images' systems are unpacked before somebody waits for a desktop; those of the catalogue's versions when it is
  // known that they are what they should be (HostImages).
  ContainerStore* make_containers(const Config& config) {
    containers_.emplace(ContainerStore::Options{
        .bases_dir = config.state_dir / "bases",
        .disks_dir = config.state_dir / "disks",
        .first_id = ::geteuid() == 0 ? std::optional(config.first_container_id) : std::nullopt});
    for (const ImageName& each : images_->list()) {
      if (each.machine != MachineKind::kContainer || !is_image_name(each.name)) continue;
      auto unpack = [this, name = each.name]() -> Result<void> {
        TOBARI_ASSIGN(const ImageFiles image, images_->verified(name));
        TOBARI_TRY(containers_->base(image));
        return {};
      };
      disk_worker_->run(std::move(unpack), [](const Result<void>& unpacked) {
        if (!unpacked) log::error("an image for containers is not usable", {{"reason", describe(unpacked.error())}});
      });
    }
    return &*containers_;
  }

  void make_images(const Config& config, const std::vector<std::shared_ptr<grpc::Channel>>& brokers) {
    QemuImgConverter::Options converter;
    if (::geteuid() == 0 && config.import_uid != 0) converter.user = config.import_uid;
    host_images_.emplace(
        HostImages::Options{.images_dir = config.images_dir,
                            .imports_dir = config.imports_dir,
                            .templates_dir = config.state_dir / "templates",
                            .rules = rules_of(config, config.images_max_gib, 0)},
        HostImages::Beside{*loop_, *disk_worker_, *images_, *disks_, containers_ ? &*containers_ : nullptr},
        std::make_unique<QemuImgConverter>(converter), make_part_fetcher(brokers));
  }

  const ResourceGroups* find_groups() {
    auto groups = ResourceGroups::create({});
    if (!groups) {
      log::warning("display processes have no limits of memory and processor", {{"why", groups.error().message}});
      return nullptr;
    }
    groups_.emplace(std::move(*groups));
    return &*groups_;
  }

  // Nothing when there is no keeper: then restarting us ends sessions.
  Result<Adoption> find_what_was_left(const Config& config) {
    if (config.keeper_program.empty() && config.keeper_socket.empty()) {
      log::warning("display processes end with this agent: no keeper is configured (keeper_program)");
      return Adoption();
    }
    KeeperOptions options;
    options.program = config.keeper_program;
    options.socket = config.keeper_socket.empty() ? config.state_dir / "keeper.sock" : fs::path(config.keeper_socket);
    options.hold = std::chrono::seconds(config.keeper_hold_seconds);
    TOBARI_ASSIGN(keeper_, KeeperLine::create(*loop_, std::move(options)));
    Adoption left = sort_out(keeper_->take(), *keeper_);
    log::info("from the agent before", {{"displays", std::to_string(left.displays.size())},
                                        {"sessions", std::to_string(left.sessions.size())},
                                        {"away_ms", std::to_string(keeper_->away().count())}});
    return left;
  }

  // With a keeper, displays stay as machines do: whether this is a restart is not known here, and what is not taken
  // over ends soon.
  void end_displays() {
    if (keeper_) return agent_->leave_displays();
    agent_->ask_displays_to_end();
  }

  // Once: in order. Again: at once.
  void leave(RunOptions options) {
    observation_.reset();
    front_.reset();
    if (!options.stop_desktops_on_exit || leaving_) {
      end_displays();
      return loop_->stop();
    }
    if (keeper_) keeper_->drop(std::string(kFrontName));
    leaving_ = true;
    log::info("stopping all desktops");
    agent_->stop_desktops([this] {
      agent_->ask_displays_to_end();
      if (keeper_) keeper_->end();
      loop_->stop();
    });
  }

 public:
  // Workers first: what they are doing uses the agent's parts. What they have said and nobody heard holds desktops.
  ~Host() {
    observation_.reset();
    load_.reset();
    link_.reset();
    if (host_images_) host_images_->stop();
    disk_worker_.reset();
    desktop_workers_.reset();
    hypervisor_worker_.reset();
    networks_.reset();
    templates_.reset();
    lease_.reset();
    agent_.reset();
    host_images_.reset();
    recordings_.reset();
    keeper_.reset();  // from here on the next agent may be at work
    if (loop_ != nullptr) loop_->clear();
  }

 private:
  Host() = default;
  SystemClock clock_;
  std::unique_ptr<Loop> loop_;
  HostMetrics metrics_;
  DisplayFigures displays_;
  std::unique_ptr<KeeperLine> keeper_;
  std::unique_ptr<Recordings> recordings_;
  std::optional<ResourceGroups> groups_;
  std::unique_ptr<Hypervisor> hypervisor_;
  const std::unique_ptr<PacketFilter> packet_filter_ = make_nft_packet_filter();
  const std::unique_ptr<NameResolver> resolver_ = make_system_resolver();
  std::optional<NetworkKeeper> networks_;
  std::optional<ImageStore> images_;
  std::optional<DiskStore> disks_;
  std::optional<UserDiskStore> user_disks_;
  UserDiskClaims disk_claims_;
  std::unique_ptr<LeaseKeeper> lease_;
  std::optional<TemplateStore> template_store_;
  std::optional<ContainerStore> containers_;
  std::optional<Worker> hypervisor_worker_;
  std::optional<Workers> desktop_workers_;
  std::optional<Worker> disk_worker_;
  std::optional<HostImages> host_images_;
  std::optional<TemplateKeeper> templates_;
  std::optional<HostAgent> agent_;
  std::optional<BrokerLines> link_;
  std::unique_ptr<Front> front_;
  std::optional<LoadReporter> load_;
  std::unique_ptr<Observation> observation_;
  std::string accelerator_;
  bool leaving_ = false;
};

}  // namespace

Result<void> run_host(const Config& config, RunOptions options) { return Host::run(config, options); }

}  // namespace tobari::vmhost
