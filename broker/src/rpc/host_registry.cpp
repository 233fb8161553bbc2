// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/host_registry.h"

#include <algorithm>
#include <utility>

#include <tobari/base/log.h>

#include "control/pool_image.h"
#include "core/names.h"
#include "rpc/life_wire.h"

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
                .images = {},
                .storages = storages_of(hello)};
  for (const wire::Image& image : hello.images()) {
    if (!is_image_reference(image.name())) {
      return fail(Errc::kPeerProtocol, "the host's hello names an impossible image");
    }
    // Versions of the catalogue are there when the host says that they are ready.
    if (is_image_name(image.name())) info.images.push_back(image.name());
  }
  return info;
}

std::vector<std::string> versions_in(const wire::HostHello& hello) {
  std::vector<std::string> versions;
  for (const wire::Image& image : hello.images()) {
    if (!is_image_name(image.name())) versions.push_back(image.name());
  }
  return versions;
}

Result<void> check_counted(const wire::ActualState& actual) {
  const bool fits = actual.revision() <= kMostCounted && std::ranges::all_of(actual.desktops(), [](const auto& each) {
                      return each.epoch() <= kMostCounted;
                    });
  if (fits) return {};
  return fail(Errc::kPeerProtocol, "the host names an impossible epoch or revision");
}

// What it says of desktops whose names are none is nothing.
control::HostReported report_of(const HostId& host, const wire::ActualState& actual, std::uint64_t number) {
  control::HostReported report{.host = host,
                               .revision = actual.revision(),
                               .desktops = {},
                               .removed_disks = removed_disks(actual),
                               .facts = {},
                               .number = number};
  for (const wire::ActualDesktop& each : actual.desktops()) {
    auto id = DesktopId::parse(each.desktop_id());
    if (!id.has_value()) continue;
    control::SeenDesktop seen{.id = *std::move(id), .epoch = each.epoch()};
    read_life(each, seen);
    report.desktops.push_back(std::move(seen));
  }
  return report;
}

}  // namespace

HostRegistry::HostRegistry(StateStore& store, const Clock& clock, NetworkOf network_of)
    : store_(store), clock_(clock), network_of_(std::move(network_of)) {}

Result<void> HostRegistry::attach(const HostId& host, std::shared_ptr<HostLink> link, const wire::HostHello& hello) {
  TOBARI_ASSIGN(HostInfo info, checked(hello));
  std::shared_ptr<HostLink> older;
  {
    const std::scoped_lock lock(mutex_);
    Attached& place = hosts_[host];
    older = std::exchange(place.link, std::move(link));
    place.images_by_hand = info.images;
    place.in_hello = versions_in(hello);
    place.versions.clear();
    place.info = std::move(info);
    // What its desktops do is not known until it says so again.
    place.desktops.clear();
    place.load.reset();
    place.revisions = {};
    facts_.reset();
  }
  if (images_.greeted) images_.greeted(host, hello);
  if (older != nullptr) {
    older->close(fail(Errc::kCancelled, "the host has attached again").error());
    pending_.fail_host(host, host_is_gone());
  }
  log::info("host attached", {{"host", host.str()}, {"name", hello.name()}, {"front", hello.front_address()}});
  desired_changed(host);
  if (attached_) attached_(host);
  tell(host);
  return {};
}

void HostRegistry::detach(const HostId& host, const HostLink* link) {
  {
    const std::scoped_lock lock(mutex_);
    const auto at = hosts_.find(host);
    if (at == hosts_.end() || at->second.link.get() != link) return;
    hosts_.erase(at);
    facts_.reset();
  }
  if (images_.gone) images_.gone(host);
  log::warning("host detached", {{"host", host.str()}});
  pending_.fail_host(host, host_is_gone());
  tell(host);
}

Result<void> HostRegistry::set_actual(const HostId& host, const HostLink* link, const wire::ActualState& actual) {
  auto taken = take_over(host, link, actual);
  tell(host);
  return taken;
}

Result<void> HostRegistry::take_over(const HostId& host, const HostLink* link, const wire::ActualState& actual) {
  if (actual.desktops_size() > kMaxDesktopsPerHost) {
    return fail(Errc::kPeerProtocol, "the host reports more desktops than it may have");
  }
  if (actual.images_size() > kMaxImagesPerHost) {
    return fail(Errc::kPeerProtocol, "the host reports more images than it may have");
  }
  TOBARI_TRY(check_counted(actual));
  Durations started;
  bool other_images = false;
  std::uint64_t number = 0;
  {
    const std::scoped_lock lock(mutex_);
    const auto at = hosts_.find(host);
    if (at == hosts_.end()) return fail(Errc::kPeerProtocol, "the host reports before its hello");
    if (at->second.link.get() != link) return {};
    number = ++reports_;
    at->second.desktops = follow(at->second.desktops, actual, started);
    at->second.revisions.reported = actual.revision();
    HostInfo& known = at->second.info;
    std::vector<std::string> images = at->second.images_by_hand;
    at->second.versions.clear();
    for (const wire::ActualImage& image : actual.images()) {
      if (image.state() != wire::ActualImage::READY || !is_image_reference(image.image())) continue;
      at->second.versions.push_back(image.image());
      if (!image.elsewhere()) images.push_back(image.image());
    }
    other_images = images != known.images;
    known.images = std::move(images);
    at->second.in_hello.clear();
    known.no_room = actual.storage().disks().no_room().substr(0, kMaxDetailBytes);
    facts_.reset();
  }
  if (started_) std::ranges::for_each(started, started_);
  bool all_hosts = false;
  if (images_.reported) {
    TOBARI_ASSIGN(all_hosts, images_.reported(host, actual));
  }
  if (all_hosts) {
    networks_changed();
  } else if (other_images) {
    desired_changed(host);  // templates are made of what is there
  }
  return reported_ ? reported_(report_of(host, actual, number)) : Result<void>();
}

void HostRegistry::ask_lease(const HostId& host, const wire::AskLease& ask) {
  if (asked_) asked_({.host = host, .number = ask.number(), .revision = ask.revision()});
}

std::map<std::string, HostRegistry::Actual> HostRegistry::follow(const std::map<std::string, Actual>& before,
                                                                 const wire::ActualState& actual, Durations& started) {
  const auto now = std::chrono::steady_clock::now();
  std::map<std::string, Actual> desktops;
  for (const wire::ActualDesktop& desktop : actual.desktops()) {
    Actual& seen = desktops[desktop.desktop_id()];
    seen = {desktop.state(), desktop.detail().substr(0, kMaxDetailBytes), now};
    seen.private_mib = std::min(desktop.private_memory_mib(), kMaxPrivateMib);
    const auto former = before.find(desktop.desktop_id());
    if (former == before.end() || former->second.state != wire::DESKTOP_STATE_STARTING) continue;
    seen.starting_since = former->second.starting_since;
    if (seen.state == wire::DESKTOP_STATE_RUNNING) started.push_back(now - seen.starting_since);
  }
  return desktops;
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
      return {State::kRunning, seen.detail, seen.private_mib};
    case wire::DESKTOP_STATE_FAILED:
      return {State::kFailed, seen.detail};
    case wire::DESKTOP_STATE_STARTING:
      return {State::kStarting, seen.detail, seen.private_mib};
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

std::shared_ptr<const control::Facts> HostRegistry::facts() const {
  const std::scoped_lock lock(mutex_);
  if (facts_ != nullptr) return facts_;
  auto made = std::make_shared<control::Facts>();
  for (const auto& [id, attached] : hosts_) {
    made->connected[id] = {.id = id,
                           .images = attached.info.images,
                           .memory_mib = attached.info.memory_mib,
                           .pixels_per_second = 0,
                           .storages = attached.info.storages,
                           .no_room = attached.info.no_room};
    for (const auto& [desktop, actual] : attached.desktops) {
      const bool failed = actual.state == wire::DESKTOP_STATE_FAILED;
      if (actual.state != wire::DESKTOP_STATE_RUNNING && !failed) continue;
      if (auto known = DesktopId::parse(desktop); known.has_value()) {
        (failed ? made->failed : made->running).insert(*std::move(known));
      }
    }
  }
  facts_ = std::move(made);
  return facts_;
}

std::shared_ptr<HostLink> HostRegistry::link_of(const HostId& host) const {
  const std::scoped_lock lock(mutex_);
  const auto at = hosts_.find(host);
  return at == hosts_.end() ? nullptr : at->second.link;
}

void HostRegistry::send(const HostId& host, wire::ToHost message) {
  if (const auto link = link_of(host)) link->send(std::move(message));
}

Result<HostRegistry::Wanted> HostRegistry::wanted_of(const HostId& host) const {
  return store_.get([this, &host](const Reader& r) -> Result<Wanted> {
    Wanted all;
    TOBARI_ASSIGN(const Host kept, r.host(host));
    all.revision = kept.revision;
    TOBARI_ASSIGN(all.desktops, r.desktops_on_host(host));
    TOBARI_ASSIGN(auto pools, r.pools());
    TOBARI_ASSIGN(all.life, control::life_facts(r, host, all.desktops, pools, clock_.wall()));
    TOBARI_TRY(control::resolve_images(r, pools));
    all.kinds = kinds_made(pools);
    if (images_.fill) TOBARI_TRY(images_.fill(r, host, all.images));
    return all;
  });
}

wire::ToHost HostRegistry::desired_message(const HostId& host, const Wanted& wanted,
                                           std::span<const std::string> images) const {
  wire::ToHost message;
  wire::DesiredState& desired = *message.mutable_desired();
  desired = desired_state(wanted.desktops, wanted.revision, network_of_);
  add_life(desired, wanted.desktops, wanted.life);
  mark_leased(desired, wanted.desktops);
  add_templates(desired, wanted.desktops, wanted.kinds, images);
  if (images_.fill) *desired.mutable_images() = wanted.images;
  const auto closed = std::ranges::count_if(desired.desktops(), [](const auto& each) { return !each.has_network(); });
  if (network_of_ && closed > 0) {
    log::error("network rules of a host's desktops are too many to be sent; the network of some is closed",
               {{"host", host.str()}, {"desktops", std::to_string(closed)}});
  }
  return message;
}

void HostRegistry::desired_changed(const HostId& host) {
  std::shared_ptr<HostLink> link;
  std::shared_ptr<std::mutex> telling;
  std::vector<std::string> images;
  {
    const std::scoped_lock lock(mutex_);
    const auto at = hosts_.find(host);
    if (at == hosts_.end()) return;
    link = at->second.link;
    telling = at->second.telling;
    images = at->second.info.images;
    // Its templates are not taken from it because it has not reported yet.
    images.insert(images.end(), at->second.in_hello.begin(), at->second.in_hello.end());
  }
  const std::scoped_lock turn(*telling);
  const auto wanted = wanted_of(host);
  if (wanted.has_value()) link->send(desired_message(host, *wanted, images));
  {
    const std::scoped_lock lock(mutex_);
    const auto at = hosts_.find(host);
    if (at != hosts_.end() && at->second.link == link) {
      std::uint64_t& told = at->second.revisions.told;
      told = wanted.has_value() ? std::max(told, wanted->revision) : 0;
    }
  }
  // Without its orders a host goes on as before; it is told when they can be read again.
  if (!wanted.has_value()) {
    log::warning("desired state not read", {{"host", host.str()}, {"why", describe(wanted.error())}});
  }
}

std::map<HostId, HostRegistry::Revisions> HostRegistry::told() const {
  std::map<HostId, Revisions> told;
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, attached] : hosts_) told.emplace(id, attached.revisions);
  return told;
}

void HostRegistry::networks_changed() {
  std::vector<HostId> all;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, attached] : hosts_) all.push_back(id);
  }
  for (const HostId& id : all) desired_changed(id);
}

void HostRegistry::expel(const HostId& host) {
  if (const auto link = link_of(host)) link->close(fail(Errc::kPermissionDenied, "the host was removed").error());
}

void HostRegistry::stop() {
  std::map<HostId, Attached> hosts;
  {
    const std::scoped_lock lock(mutex_);
    hosts.swap(hosts_);
    facts_.reset();
  }
  for (auto& [id, attached] : hosts) attached.link->close(fail(Errc::kUnavailable, "the broker is stopping").error());
  pending_.stop();
}

}  // namespace tobari::broker
