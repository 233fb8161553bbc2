// SPDX-License-Identifier: GPL-3.0-or-later
// State: what should be, what is, and the way from one to the other. Sessions: host_agent_sessions.cpp.
#include "host/host_agent.h"

#include <algorithm>
#include <format>
#include <utility>
#include <vector>

#include <tobari/base/log.h>

#include "host/files.h"
#include "host/lease_keeper.h"
#include "host/network_wire.h"

namespace tobari::vmhost {
namespace {

constexpr std::size_t kMaxDesiredBytes = std::size_t{1} << 20;  // host.proto: 1 MiB a message

}  // namespace

HostAgent::HostAgent(Options options, DesktopServices services, EpochStore epochs, EventQueue events, Send send,
                     Adoption adopted)
    : options_(std::move(options)),
      services_(std::move(services)),
      epochs_(std::move(epochs)),
      events_(std::move(events)),
      send_(std::move(send)),
      held_(services_.display.keeper),
      adopted_(std::move(adopted)) {
  services_.changed = [this] { look(); };
  services_.on_session = [this](const DesktopId& id, const wire::Session& session) { on_session(id, session); };
  services_.on_transfer = [this](const DesktopId& id, const wire::Transfer& transfer) { on_transfer(id, transfer); };
  services_.on_resumed = [this](const DesktopId& id, const wire::Resumed& resumed) { on_resumed(id, resumed); };
  services_.on_thumbnail = [this](const std::string& request_id, const Result<std::string>& jpeg) {
    on_thumbnail(request_id, jpeg);
  };
  if (services_.templates != nullptr) services_.templates->set_changed([this] { look(); });
  if (services_.image_keeper != nullptr) services_.image_keeper->set_changed([this] { look(); });
  if (services_.recordings != nullptr) {
    services_.recordings->set_report([this](const RecordingReport& report) { on_recording(report); });
  }
  load_desired();
  take_up();
  taken_up_ = true;
  end_former_uses();
  watch_ = services_.hypervisor.watch([this, &loop = services_.loop](const DomainEvent& event) {
    loop.post([this, event] {
      log::debug("hypervisor event", {{"desktop", event.id.str()}, {"what", event.detail}});
      look();
    });
  });
  look();
  if (services_.lease == nullptr) return;
  services_.lease->start(send_, [this] {
    if (listed_) reconcile_now();  // what is over does not wait for the hypervisor's list
    look();
  });
}

HostAgent::~HostAgent() {
  if (services_.recordings != nullptr) services_.recordings->set_report({});
  if (services_.image_keeper != nullptr) services_.image_keeper->set_changed({});
}

// ---- what should be

void HostAgent::load_desired() {
  const auto bytes = read_small_file(options_.desired_file, kMaxDesiredBytes);
  wire::DesiredState desired;
  if (!bytes || !desired.ParseFromString(*bytes)) return;  // a new host, or the broker will tell
  if (const auto taken = take(desired); !taken) {
    log::error("remembered desired state is not used", {{"reason", describe(taken.error())}});
  }
}

void HostAgent::on_desired(const wire::DesiredState& desired) {
  if (desired.desktops_size() > static_cast<int>(kMaxDesktops)) {
    log::error("desired state with too many desktops is not used",
               {{"count", std::to_string(desired.desktops_size())}});
    return;
  }
  // What several brokers say, each on its own line, comes in any order.
  if (desired_known_ && desired.revision() < revision_) {
    return log::info("older desired state is not used",
                     {{"revision", std::to_string(desired.revision())}, {"known", std::to_string(revision_)}});
  }
  const auto saved = write_file_durably(options_.desired_file, desired.SerializeAsString());
  // Acting on it is still right; only a restart while the broker is away would act on older knowledge.
  if (!saved) log::error("desired state is not remembered", {{"reason", saved.error().message}});
  if (const auto taken = take(desired); !taken) {
    log::error("desired state is not used", {{"reason", describe(taken.error())}});
  }
  look();
}

Result<void> HostAgent::take(const wire::DesiredState& desired) {
  std::vector<std::pair<DesktopId, std::uint64_t>> epochs;
  std::vector<std::pair<DesktopId, const wire::DesiredDesktop*>> wanted;
  std::set<DesktopId> refused;
  for (const wire::DesiredDesktop& each : desired.desktops()) {
    auto id = DesktopId::parse(each.desktop_id());
    if (!id) {
      log::warning("malformed desktop id in the desired state");
      continue;
    }
    const auto known = epochs_.all().find(*id);
    if (known != epochs_.all().end() && each.epoch() < known->second) {
      log::warning("desired state with an old epoch",
                   {{"desktop", id->str()}, {"epoch", std::to_string(each.epoch())}});
      refused.insert(*std::move(id));
      continue;
    }
    if (known != epochs_.all().end() && each.epoch() > known->second) given_anew_.insert(*id);
    epochs.emplace_back(*id, each.epoch());
    wanted.emplace_back(*std::move(id), &each);
  }
  end_former_uses();  // before it is noted: an agent that dies in between does it again
  TOBARI_TRY(epochs_.raise(epochs));
  revision_ = desired.revision();
  desired_known_ = true;
  refused_ = std::move(refused);
  for (const DesktopId& id : refused_) static_cast<void>(desktop(id));
  // Before anything is made from one.
  if (services_.image_keeper != nullptr && desired.has_images()) services_.image_keeper->want(desired.images());
  if (services_.templates != nullptr) services_.templates->want(desired.templates());
  std::set<DesktopId> named;
  for (const auto& [id, each] : wanted) {
    named.insert(id);
    desktop(id)->want(*each);
  }
  for (const auto& [id, each] : desktops_) {
    // One that was refused for its epoch is not forgotten: what we know of it is newer.
    if (!named.contains(id) && !refused_.contains(id)) each->want_nothing();
  }
  take_networks(desired);
  take_removed_disks(desired);
  warn_walls();
  // The watchdog first: it must not let go on, by a lease that is good again, what was taken from us meanwhile.
  tell_watchdog();
  // Now that what was taken from us is known, a lease that names it is good.
  if (services_.lease != nullptr) services_.lease->has_revision(revision_);
  return {};
}

// Of those that take() has taken. What is malformed, or names no rules, is closed.
void HostAgent::take_networks(const wire::DesiredState& desired) {
  if (services_.networks == nullptr) return;
  std::vector<policy::DesktopNetwork> networks;
  for (const wire::NetworkPolicy& each : desired.networks()) {
    auto network = from_wire(each);
    if (!network) log::error("network rules are not used", {{"reason", describe(network.error())}});
    networks.push_back(network ? *std::move(network) : closed_network());
  }
  Networks wanted;
  for (const wire::DesiredDesktop& each : desired.desktops()) {
    const auto id = DesktopId::parse(each.desktop_id());
    if (!id || refused_.contains(*id) || each.power() == wire::DesiredDesktop::DELETED) continue;
    const bool known = each.has_network() && each.network() < networks.size();
    wanted.emplace(*id, known ? networks[each.network()] : closed_network());
  }
  services_.networks->want(std::move(wanted));
}

std::shared_ptr<Desktop> HostAgent::desktop(const DesktopId& id) {
  auto& found = desktops_[id];
  if (!found) found = std::make_shared<Desktop>(services_, id, adopted_slot(id.str()).value_or(free_slot()));
  return found;
}

std::uint32_t HostAgent::free_slot() const {
  std::set<std::uint32_t> taken;
  for (const auto& [id, each] : desktops_) {
    if (each) taken.insert(each->slot());
  }
  for (const auto& [session, wall] : walls_) {
    if (wall) taken.insert(wall->slot());
  }
  for (const auto& [name, display] : adopted_.displays) {
    if (const auto slot = adopted_slot(name)) taken.insert(*slot);
  }
  std::uint32_t slot = 0;
  while (taken.contains(slot)) ++slot;
  return slot;
}

// ---- what is

// One list at a time; what comes meanwhile asks for one more.
void HostAgent::look() {
  if (listed_) report();  // what is known already need not wait for the list
  look_again_ = true;
  if (listing_) return;
  listing_ = true;
  look_again_ = false;
  services_.hypervisor_worker.run([&hypervisor = services_.hypervisor] { return hypervisor.list(); },
                                  [this, asked = Loop::Steady::now()](const Result<std::vector<DomainInfo>>& list) {
                                    listing_ = false;
                                    on_list(list, asked);
                                    if (look_again_) look();
                                  });
}

void HostAgent::on_list(const Result<std::vector<DomainInfo>>& list, Loop::Steady::time_point asked) {
  list_timer_ = services_.loop.after(options_.list_every, [this] { look(); });
  held_.tidy(Loop::Steady::now());
  hypervisor_error_ = list ? std::nullopt : std::optional(list.error().message);
  if (list) {
    listed_ = true;
    if (services_.templates != nullptr) services_.templates->look(*list);
    std::set<DesktopId> running;
    std::set<DesktopId> there;
    for (const DomainInfo& info : *list) {
      if (info.is_template) continue;
      there.insert(info.id);
      if (info.running) running.insert(info.id);
      if (info.running || desktops_.contains(info.id)) {
        desktop(info.id)->listed(info.running, asked, info.paused, info.saved);
      }
    }
    for (const auto& [id, each] : desktops_) {
      if (!there.contains(id)) each->listed(false, asked);
    }
    if (services_.networks != nullptr && desired_known_) services_.networks->look(std::move(running));
    reconcile_now();
  }
  // Else: the hypervisor is away. VMs live on, and its return is an event.
  forget_gone();
  report();
  retry_openings();
  check_exit();
}

void HostAgent::reconcile_now() {
  if (exit_done_) return;
  std::vector<WantedDesktop> wanted;
  std::vector<FoundDesktop> found;
  HostMemory memory;
  memory.epochs = epochs_.all();
  for (const auto& [id, each] : desktops_) {
    if (auto one = each->wanted()) wanted.push_back(*std::move(one));
    found.push_back({id, each->running(), each->paused()});
    if (each->busy() || each->unwilling() || refused_.contains(id)) memory.busy.insert(id);
    if (each->held()) memory.held.insert(id);
    if (each->gone()) memory.gone.insert(id);
    if (!each->may_run()) memory.fenced.insert(id);
  }
  if (desired_known_) tell_watchdog();
  for (const Action& action : reconcile(wanted, found, memory)) {
    // Until it is known what is wanted here, nothing is ended; what may not run stands still all the same.
    if (desired_known_ || action.kind == Action::Kind::kFence) act(action);
  }
}

// Before anything is started or let go on.
void HostAgent::tell_watchdog() {
  if (services_.lease == nullptr) return;
  std::set<DesktopId> always;
  std::set<DesktopId> leased;
  for (const auto& [id, each] : desktops_) {
    const auto wanted = each->wanted();
    if (!wanted || wanted->power == Power::kDeleted || refused_.contains(id)) continue;
    (each->leased() ? leased : always).insert(id);
  }
  services_.lease->may_run(std::move(always), std::move(leased));
}

void HostAgent::act(const Action& action) {
  const auto target = desktop(action.id);
  switch (action.kind) {
    case Action::Kind::kStart:
      return target->start();
    case Action::Kind::kStop:
      return target->stop();
    case Action::Kind::kDelete:
      if (!target->held()) target->remove();
      return;
    case Action::Kind::kSuspend:
      return target->suspend();
    case Action::Kind::kSave:
      return target->save();
    case Action::Kind::kResume:
      return target->resume();
    case Action::Kind::kFence:
      end_walls_of(action.id, "this host has lost its brokers");
      return target->fence();
    case Action::Kind::kRefuse:
      return;  // take() does not let them through
  }
}

void HostAgent::forget_gone() {
  std::erase_if(desktops_, [this](const auto& entry) {
    const Desktop& each = *entry.second;
    return !each.busy() && !each.running() && !each.wanted() && !refused_.contains(entry.first);
  });
}

std::optional<wire::FromHost> HostAgent::current_report() const {
  // Until we know what is wanted here, an empty list would say that nothing is left of what was to be deleted.
  if (!desired_known_) return std::nullopt;
  wire::FromHost message;
  wire::ActualState& actual = *message.mutable_actual();
  actual.set_revision(revision_);
  for (const auto& [id, each] : desktops_) {
    if (each->gone()) continue;
    wire::ActualDesktop& one = *actual.add_desktops();
    one = each->actual();
    const auto epoch = epochs_.all().find(id);
    one.set_epoch(epoch == epochs_.all().end() ? 0 : epoch->second);
  }
  if (services_.templates != nullptr) services_.templates->report(actual);
  if (services_.image_keeper != nullptr) services_.image_keeper->report(actual);
  for (const auto& [id, gone] : removed_disks_) {
    if (gone) actual.add_removed_user_disks(id.str());
  }
  return message;
}

void HostAgent::report() {
  const auto message = current_report();
  if (!message) return;
  std::string bytes = message->SerializeAsString();
  if (bytes == last_report_) return;
  last_report_ = std::move(bytes);
  send_(*message);
}

HostAgent::Figures HostAgent::figures() const {
  Figures figures;
  for (const auto& [id, each] : desktops_) {
    switch (each->actual().state()) {
      case wire::DESKTOP_STATE_STARTING:
        ++figures.starting;
        break;
      case wire::DESKTOP_STATE_RUNNING:
        ++figures.running;
        break;
      case wire::DESKTOP_STATE_FAILED:
        ++figures.failed;
        break;
      default:
        ++figures.stopped;
    }
    const Desktop::CopyMemory memory = each->copy_memory();
    figures.clones_private_mib += memory.private_mib;
    figures.clones_shared_mib += memory.shared_mib;
  }
  if (services_.lease != nullptr) {
    figures.lease_seconds = std::max(std::chrono::duration<double>(services_.lease->left()).count(), 0.0);
  }
  figures.hypervisor_up = !hypervisor_error_;
  figures.hypervisor_error = hypervisor_error_.value_or("");
  return figures;
}

// ---- the broker

void HostAgent::on_broker_open(const Send& line) {
  wire::FromHost hello;
  *hello.mutable_hello() = options_.hello;
  for (const ImageName& image : services_.images.list()) {
    const bool container = image.machine == MachineKind::kContainer;
    if (container && services_.containers == nullptr) continue;  // so that nothing of it is placed here
    wire::Image& each = *hello.mutable_hello()->add_images();
    each.set_name(image.name);
    each.set_digest(image.digest);
    each.set_machine(container ? wire::DesiredDesktop::CONTAINER : wire::DesiredDesktop::VM);
  }
  if (services_.user_disks != nullptr) {
    for (const std::string& name : services_.user_disks->storages()) hello.mutable_hello()->add_user_storages(name);
  }
  line(hello);
  if (const auto state = current_report()) line(*state);
  send_events(line);
  if (services_.lease != nullptr) services_.lease->ask_now();
}

// Again from time to time: a broker whose database was away has not stored them, and does not ask for them.
void HostAgent::send_events(const Send& line) {
  for (const wire::SessionEvent& event : events_.pending()) {
    wire::FromHost message;
    *message.mutable_session() = event;
    line(message);
  }
  events_timer_ = services_.loop.after(options_.events_again, [this] { send_events(send_); });
}

void HostAgent::on_broker_message(const wire::ToHost& message, std::size_t broker) {
  switch (message.message_case()) {
    case wire::ToHost::kDesired:
      return on_desired(message.desired());
    case wire::ToHost::kOpenDisplay:
      return on_open_display(message.open_display());
    case wire::ToHost::kCloseSession:
      return on_close_session(message.close_session());
    case wire::ToHost::kEventStored:
      return events_.stored(message.event_stored().event_id());
    case wire::ToHost::kRestartDesktop:
      return on_restart(message.restart_desktop());
    case wire::ToHost::kTakeThumbnail:
      return on_take_thumbnail(message.take_thumbnail());
    case wire::ToHost::kNarrowSession:
      return on_narrow_session(message.narrow_session());
    case wire::ToHost::kTransferAnswered:
      return on_transfer_answered(message.transfer_answered());
    case wire::ToHost::kLease:
      if (services_.lease != nullptr) services_.lease->on_answer(broker, message.lease());
      return;
    case wire::ToHost::kCheckSessions:
      return on_check_sessions(message.check_sessions());
    case wire::ToHost::kLogOff:
      return on_log_off(message.log_off());
    case wire::ToHost::kReadImagePart:
      return on_read_image_part(message.read_image_part());
    case wire::ToHost::MESSAGE_NOT_SET:
      return;  // of a newer version
  }
}

void HostAgent::on_read_image_part(const wire::ReadImagePart& request) {
  if (services_.image_keeper == nullptr) {
    return send_failure(request.request_id(), fail(Errc::kNotFound, "this host gives no images away").error());
  }
  services_.image_keeper->read_part(request, [this, id = request.request_id()](const Result<ImagePartBytes>& part) {
    if (!part) return send_failure(id, part.error());
    wire::FromHost message;
    message.mutable_image_part()->set_request_id(id);
    message.mutable_image_part()->set_bytes(part->bytes);
    message.mutable_image_part()->set_file_bytes(part->file_bytes);
    send_(message);
  });
}

// ---- the end

void HostAgent::stop_desktops(std::function<void()> done) {
  exit_done_ = std::move(done);
  exit_timer_ = services_.loop.after(options_.exit_within, [this] {
    log::error("desktops did not stop in time");
    std::exchange(exit_done_, {})();
  });
  if (services_.templates != nullptr) services_.templates->stop();
  for (const auto& [id, each] : desktops_) {
    if (each->running()) each->stop(options_.obey_at_exit);
  }
  check_exit();
}

void HostAgent::check_exit() {
  if (!exit_done_ || (services_.templates != nullptr && services_.templates->making())) return;
  if (std::ranges::any_of(desktops_, [](const auto& each) { return each.second->running() || each.second->busy(); }))
    return;
  exit_timer_.reset();
  std::exchange(exit_done_, {})();
}

void HostAgent::leave_displays() noexcept {
  for (const auto& [session, wall] : walls_) wall->leave_display();
  for (const auto& [id, each] : desktops_) each->leave_display();
}

void HostAgent::ask_displays_to_end() noexcept {
  for (const auto& [session, wall] : walls_) wall->ask_display_to_end();
  for (const auto& [id, each] : desktops_) each->ask_display_to_end();
}

}  // namespace tobari::vmhost
