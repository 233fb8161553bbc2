// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/host_registry.h"

#include <algorithm>
#include <format>
#include <set>
#include <utility>

#include <tobari/base/log.h>

#include "core/names.h"
#include "rpc/desired_state.h"

namespace tobari::broker {
namespace {

constexpr std::size_t kMaxDetailBytes = 512;
constexpr std::size_t kMaxWordBytes = 255;

Result<HostInfo> checked(const wire::HostHello& hello) {
  if (hello.front_address().empty() || hello.front_address().size() > kMaxWordBytes || hello.front_port() == 0 ||
      hello.front_port() > 65535) {
    return fail(Errc::kPeerProtocol, "the host's hello names no front address and port");
  }
  if (hello.version().size() > kMaxWordBytes || hello.accelerator().size() > kMaxWordBytes ||
      hello.images_size() > kMaxImagesPerHost) {
    return fail(Errc::kPeerProtocol, "the host's hello is too large");
  }
  HostInfo info{.version = hello.version(),
                .front_address = hello.front_address(),
                .front_port = static_cast<std::uint16_t>(hello.front_port()),
                .cpus = hello.cpus(),
                .memory_mib = hello.memory_mib(),
                .accelerator = hello.accelerator(),
                .images = {}};
  for (const wire::Image& image : hello.images()) {
    if (!is_image_reference(image.name())) {
      return fail(Errc::kPeerProtocol, "the host's hello names an impossible image");
    }
    // Versions of the catalogue are there when the host says that they are ready.
    if (is_image_name(image.name())) info.images.push_back(image.name());
  }
  return info;
}

const Error& host_gone() {
  static const Error error = fail(Errc::kUnavailable, "the host of this desktop is not connected").error();
  return error;
}

// A host may answer a question with the answer to another.
template <class Wanted>
PendingRequests::Callback only(std::function<void(Result<Wanted>)> callback) {
  return [callback = std::move(callback)](Result<HostAnswer> answer) {
    if (!answer.has_value()) return callback(std::unexpected<Error>(std::move(answer).error()));
    if (auto* wanted = std::get_if<Wanted>(&*answer)) return callback(std::move(*wanted));
    callback(fail(Errc::kPeerProtocol, "the host's answer is not to the question"));
  };
}

}  // namespace

HostRegistry::HostRegistry(StateStore& store, const Clock& clock, NetworkOf network_of)
    : store_(store),
      network_of_(std::move(network_of)),
      // Rises over restarts as well, without being stored.
      revision_(static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall().time_since_epoch()).count())) {}

Result<void> HostRegistry::attach(const HostId& host, std::shared_ptr<HostLink> link, const wire::HostHello& hello) {
  TOBARI_ASSIGN(HostInfo info, checked(hello));
  std::shared_ptr<HostLink> older;
  {
    const std::scoped_lock lock(mutex_);
    Attached& place = hosts_[host];
    older = std::exchange(place.link, std::move(link));
    place.images_by_hand = info.images;
    place.info = std::move(info);
    // What its desktops do is not known until it says so again.
    place.desktops.clear();
    place.load.reset();
  }
  if (images_.greeted) images_.greeted(host, hello);
  if (older != nullptr) {
    older->close(fail(Errc::kCancelled, "the host has attached again").error());
    pending_.fail_host(host, host_gone());
  }
  log::info("host attached", {{"host", host.str()}, {"name", hello.name()}, {"front", hello.front_address()}});
  desired_changed(host);
  if (attached_) attached_(host);
  return {};
}

void HostRegistry::detach(const HostId& host, const HostLink* link) {
  {
    const std::scoped_lock lock(mutex_);
    const auto at = hosts_.find(host);
    if (at == hosts_.end() || at->second.link.get() != link) return;
    hosts_.erase(at);
  }
  if (images_.gone) images_.gone(host);
  log::warning("host detached", {{"host", host.str()}});
  pending_.fail_host(host, host_gone());
}

Result<void> HostRegistry::set_actual(const HostId& host, const wire::ActualState& actual) {
  if (actual.desktops_size() > kMaxDesktopsPerHost) {
    return fail(Errc::kPeerProtocol, "the host reports more desktops than it may have");
  }
  if (actual.images_size() > kMaxImagesPerHost) {
    return fail(Errc::kPeerProtocol, "the host reports more images than it may have");
  }
  Durations started;
  {
    const std::scoped_lock lock(mutex_);
    const auto at = hosts_.find(host);
    if (at == hosts_.end()) return fail(Errc::kPeerProtocol, "the host reports before its hello");
    at->second.desktops = follow(at->second.desktops, actual, started);
    HostInfo& known = at->second.info;
    known.images = at->second.images_by_hand;
    for (const wire::ActualImage& image : actual.images()) {
      if (image.state() == wire::ActualImage::READY && is_image_reference(image.image()))
        known.images.push_back(image.image());
    }
    known.no_room = actual.storage().disks().no_room().substr(0, kMaxDetailBytes);
  }
  if (started_) std::ranges::for_each(started, started_);
  if (images_.reported) {
    TOBARI_ASSIGN(const bool changed, images_.reported(host, actual));
    if (changed) networks_changed();
  }
  TOBARI_TRY(pass_epochs(host, actual));
  return forget_removed(host, actual);
}

std::map<std::string, HostRegistry::Actual> HostRegistry::follow(const std::map<std::string, Actual>& before,
                                                                 const wire::ActualState& actual, Durations& started) {
  const auto now = std::chrono::steady_clock::now();
  std::map<std::string, Actual> desktops;
  for (const wire::ActualDesktop& desktop : actual.desktops()) {
    Actual& seen = desktops[desktop.desktop_id()];
    seen = {desktop.state(), desktop.detail().substr(0, kMaxDetailBytes), now};
    const auto former = before.find(desktop.desktop_id());
    if (former == before.end() || former->second.state != wire::DESKTOP_STATE_STARTING) continue;
    seen.starting_since = former->second.starting_since;
    if (seen.state == wire::DESKTOP_STATE_RUNNING) started.push_back(now - seen.starting_since);
  }
  return desktops;
}

// A host knows a higher epoch than we do: the database is older than the world, for example after a restore. Jump past
// it, or the host would refuse every order (docs: fault F3).
Result<void> HostRegistry::pass_epochs(const HostId& host, const wire::ActualState& actual) {
  TOBARI_ASSIGN(const auto ours, store_.get([&host](const Reader& r) { return r.desktops_on_host(host); }));
  bool changed = false;
  for (const wire::ActualDesktop& seen : actual.desktops()) {
    const auto known =
        std::ranges::find_if(ours, [&seen](const Desktop& desktop) { return desktop.id.str() == seen.desktop_id(); });
    if (known == ours.end() || seen.epoch() <= known->epoch) continue;
    const std::uint64_t next = seen.epoch() + 1;
    auto stored = store_.act([&known, next](Writer& writer) -> Result<AuditDraft> {
      TOBARI_TRY(writer.set_epoch(known->id, next));
      return AuditDraft{.actor = "broker",
                        .action = "desktop.epoch",
                        .object = known->id.str(),
                        .client_address = "",
                        .outcome = Outcome::kDone,
                        .rule = "",
                        .detail = std::format("the host knew a higher epoch, now {}", next)};
    });
    TOBARI_TRY(std::move(stored));
    changed = true;
  }
  if (changed) desired_changed(host);
  return {};
}

Result<void> HostRegistry::forget_removed(const HostId& host, const wire::ActualState& actual) {
  TOBARI_ASSIGN(const auto ours, store_.get([&host](const Reader& r) { return r.desktops_on_host(host); }));
  std::set<std::string> present;
  for (const wire::ActualDesktop& desktop : actual.desktops()) present.insert(desktop.desktop_id());
  bool changed = false;
  for (const Desktop& desktop : ours) {
    if (desktop.power != Power::kDeleted || present.contains(desktop.id.str())) continue;
    auto stored = store_.act([&desktop](Writer& writer) -> Result<AuditDraft> {
      TOBARI_TRY(writer.remove_desktop(desktop.id));
      return AuditDraft{.actor = "host/" + desktop.host_name,
                        .action = "desktop.removed",
                        .object = desktop.id.str(),
                        .client_address = "",
                        .outcome = Outcome::kDone,
                        .rule = "",
                        .detail = "of " + desktop.user_name};
    });
    TOBARI_TRY(std::move(stored));
    changed = true;
  }
  if (changed) desired_changed(host);
  return {};
}

void HostRegistry::complete(const HostId& host, const std::string& request_id, Result<HostAnswer> result) {
  pending_.complete(request_id, host, std::move(result));
}

std::optional<HostInfo> HostRegistry::info(const HostId& host) const {
  const std::scoped_lock lock(mutex_);
  const auto at = hosts_.find(host);
  if (at == hosts_.end()) return std::nullopt;
  return at->second.info;
}

DesktopStatus HostRegistry::status(const Desktop& desktop) const {
  using State = DesktopStatus::State;
  const std::scoped_lock lock(mutex_);
  const auto host = hosts_.find(desktop.host);
  if (host == hosts_.end()) return {State::kUnreachable, "the host " + desktop.host_name + " is not connected"};
  if (desktop.power == Power::kDeleted) return {State::kStopped, "is being removed"};
  const auto actual = host->second.desktops.find(desktop.id.str());
  const auto seen = actual == host->second.desktops.end() ? Actual{wire::DESKTOP_STATE_STOPPED, ""} : actual->second;
  switch (seen.state) {
    case wire::DESKTOP_STATE_RUNNING:
      return {State::kRunning, seen.detail};
    case wire::DESKTOP_STATE_FAILED:
      return {State::kFailed, seen.detail};
    case wire::DESKTOP_STATE_STARTING:
      return {State::kStarting, seen.detail};
    default:
      return {desktop.power == Power::kOn ? State::kStarting : State::kStopped, seen.detail};
  }
}

void HostRegistry::set_load(const HostId& host, HostLoad load) {
  const std::scoped_lock lock(mutex_);
  if (const auto at = hosts_.find(host); at != hosts_.end()) at->second.load = std::move(load);
}

std::optional<HostLoad> HostRegistry::load(const HostId& host) const {
  const std::scoped_lock lock(mutex_);
  const auto at = hosts_.find(host);
  return at == hosts_.end() ? std::nullopt : at->second.load;
}

std::size_t HostRegistry::connected() const {
  const std::scoped_lock lock(mutex_);
  return hosts_.size();
}

DesktopCensus HostRegistry::census() const {
  DesktopCensus census;
  const std::scoped_lock lock(mutex_);
  for (const auto& [host, attached] : hosts_) {
    for (const auto& [id, actual] : attached.desktops) {
      switch (actual.state) {
        case wire::DESKTOP_STATE_STARTING:
          ++census.starting;
          break;
        case wire::DESKTOP_STATE_RUNNING:
          ++census.running;
          break;
        case wire::DESKTOP_STATE_FAILED:
          ++census.failed;
          break;
        default:
          ++census.stopped;
      }
    }
  }
  return census;
}

Result<std::vector<HostCapacity>> HostRegistry::capacities() const {
  TOBARI_ASSIGN(const auto hosts, store_.get([](const Reader& r) { return r.hosts(); }));
  std::vector<HostCapacity> capacities;
  for (const Host& host : hosts) {
    HostCapacity capacity;
    capacity.id = host.id;
    capacity.name = host.name;
    capacity.memory_promised_mib = host.promised_mib;
    if (const auto known = info(host.id)) {
      capacity.connected = true;
      capacity.images = known->images;
      capacity.memory_mib = known->memory_mib;
      capacity.no_room = known->no_room;
    }
    capacities.push_back(std::move(capacity));
  }
  return capacities;
}

std::shared_ptr<HostLink> HostRegistry::link_of(const HostId& host) const {
  const std::scoped_lock lock(mutex_);
  const auto at = hosts_.find(host);
  return at == hosts_.end() ? nullptr : at->second.link;
}

void HostRegistry::send(const HostId& host, wire::ToHost message) {
  if (const auto link = link_of(host)) link->send(std::move(message));
}

void HostRegistry::desired_changed(const HostId& host) {
  const std::scoped_lock lock(desired_mutex_);
  const auto link = link_of(host);
  if (link == nullptr) return;
  const auto desktops = store_.get([&host](const Reader& r) { return r.desktops_on_host(host); });
  if (!desktops.has_value()) {
    // Without its orders a host goes on as before; it gets them when it attaches again.
    log::error("desired state not read", {{"host", host.str()}, {"why", describe(desktops.error())}});
    link->close(desktops.error());
    return;
  }
  wire::ToHost message;
  wire::DesiredState& desired = *message.mutable_desired();
  desired = desired_state(*desktops, ++revision_, network_of_);
  if (images_.fill) {
    if (const auto filled = images_.fill(host, desired); !filled.has_value()) {
      log::error("desired images not read", {{"host", host.str()}, {"why", describe(filled.error())}});
      link->close(filled.error());
      return;
    }
  }
  const auto closed = std::ranges::count_if(desired.desktops(), [](const auto& each) { return !each.has_network(); });
  if (network_of_ && closed > 0) {
    log::error("network rules of a host's desktops are too many to be sent; the network of some is closed",
               {{"host", host.str()}, {"desktops", std::to_string(closed)}});
  }
  link->send(std::move(message));
}

void HostRegistry::networks_changed() {
  std::vector<HostId> all;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, attached] : hosts_) all.push_back(id);
  }
  for (const HostId& id : all) desired_changed(id);
}

void HostRegistry::request(const HostId& host, const std::string& id, wire::ToHost message,
                           PendingRequests::Callback callback) {
  const auto link = link_of(host);
  if (link == nullptr) return callback(std::unexpected<Error>(host_gone()));
  if (!pending_.add(id, host, std::chrono::steady_clock::now() + kRequestDeadline, callback)) {
    return callback(fail(Errc::kExhausted, "too many requests wait for hosts: try again"));
  }
  link->send(std::move(message));
  // Detached in between: fail_host() may have run before the entry was there.
  if (link_of(host) != link) pending_.complete(id, host, std::unexpected<Error>(host_gone()));
}

void HostRegistry::open_display(const HostId& host, wire::OpenDisplay message, OnOpened callback) {
  const std::string id = message.request_id();
  wire::ToHost envelope;
  *envelope.mutable_open_display() = std::move(message);
  request(host, id, std::move(envelope), only<OpenedDisplay>(std::move(callback)));
}

void HostRegistry::take_thumbnail(const HostId& host, wire::TakeThumbnail message, OnThumbnail callback) {
  const std::string id = message.request_id();
  wire::ToHost envelope;
  *envelope.mutable_take_thumbnail() = std::move(message);
  request(host, id, std::move(envelope), only<TakenThumbnail>(std::move(callback)));
}

Result<HostId> HostRegistry::take_source(const HostId& whom_for, const std::string& image) {
  const std::scoped_lock lock(mutex_);
  auto least = hosts_.end();
  for (auto at = hosts_.begin(); at != hosts_.end(); ++at) {
    if (at->first == whom_for || !std::ranges::contains(at->second.info.images, image)) continue;
    if (least == hosts_.end() || at->second.parts_under_way < least->second.parts_under_way) least = at;
  }
  if (least == hosts_.end()) {
    return fail(Errc::kUnavailable, std::format("no other host that has {} is connected", image));
  }
  if (least->second.parts_under_way >= kMaxPartsOfASource) {
    return fail(Errc::kExhausted, std::format("hosts that have {} are busy with other copies", image));
  }
  ++least->second.parts_under_way;
  return least->first;
}

void HostRegistry::give_source_back(const HostId& source) {
  const std::scoped_lock lock(mutex_);
  const auto at = hosts_.find(source);
  if (at != hosts_.end() && at->second.parts_under_way > 0) --at->second.parts_under_way;
}

void HostRegistry::fetch_image_part(const HostId& whom_for, wire::ReadImagePart message, OnImagePart callback) {
  const auto source = take_source(whom_for, message.image());
  if (!source.has_value()) return callback(std::unexpected<Error>(source.error()));
  const std::string id = message.request_id();
  wire::ToHost envelope;
  *envelope.mutable_read_image_part() = std::move(message);
  OnImagePart done = [this, source = *source, callback = std::move(callback)](Result<TakenImagePart> part) {
    give_source_back(source);
    callback(std::move(part));
  };
  request(*source, id, std::move(envelope), only<TakenImagePart>(std::move(done)));
}

void HostRegistry::close_session(const HostId& host, const SessionId& session, const std::string& reason, bool denied) {
  wire::ToHost message;
  message.mutable_close_session()->set_denied(denied);
  message.mutable_close_session()->set_session_id(session.str());
  message.mutable_close_session()->set_reason(reason);
  send(host, std::move(message));
}

void HostRegistry::narrow_session(const HostId& host, const SessionId& session, const policy::Grant& grant) {
  wire::ToHost message;
  message.mutable_narrow_session()->set_session_id(session.str());
  *message.mutable_narrow_session()->mutable_grant() = to_wire(grant);
  send(host, std::move(message));
}

void HostRegistry::expel(const HostId& host) {
  if (const auto link = link_of(host)) link->close(fail(Errc::kPermissionDenied, "the host was removed").error());
}

void HostRegistry::stop() {
  std::map<HostId, Attached> hosts;
  {
    const std::scoped_lock lock(mutex_);
    hosts.swap(hosts_);
  }
  for (auto& [id, attached] : hosts) attached.link->close(fail(Errc::kUnavailable, "the broker is stopping").error());
  pending_.stop();
}

}  // namespace tobari::broker
