// SPDX-License-Identifier: GPL-3.0-or-later
#include "libvirt_connection.h"

#include <algorithm>
#include <chrono>
#include <format>

#include <libvirt/virterror.h>

#include <tobari/base/log.h>
#include <tobari/base/no_throw.h>

#include "libvirt_error.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;

constexpr int kKeepAliveSeconds = 5;  // libvirtd that is silent for this long, this many times, is lost
constexpr unsigned kKeepAliveCount = 3;
constexpr auto kShortestPause = 200ms;
constexpr auto kLongestPause = 2s;

}  // namespace

std::optional<DomainKey> key_of(virDomainPtr domain) {
  const char* name = ::virDomainGetName(domain);
  return name == nullptr ? std::nullopt : parse_domain_name(name);
}

struct LibvirtConnection::Shared {
  explicit Shared(std::shared_ptr<EventHub> to) : hub(std::move(to)) {}

  void on_closed(virConnectPtr which) {
    {
      const std::scoped_lock lock(mutex);
      if (which != current) return;
      current = nullptr;
    }
    changed.notify_all();
    hub->notify({DomainEvent::Kind::kResync, {}, "connection to libvirt lost"});
  }

  void on_lifecycle(virDomainPtr domain, int event, int detail) const {
    const auto key = key_of(domain);
    if (!key) return;
    const DesktopId& id = key->id;
    if (event == VIR_DOMAIN_EVENT_STARTED) hub->notify({DomainEvent::Kind::kStarted, id, "started"});
    if (event != VIR_DOMAIN_EVENT_STOPPED && event != VIR_DOMAIN_EVENT_CRASHED) return;
    const char* how = "stopped";
    if (detail == VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN) how = "shut down";
    if (detail == VIR_DOMAIN_EVENT_STOPPED_DESTROYED) how = "destroyed";
    if (detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED) how = "crashed";
    if (detail == VIR_DOMAIN_EVENT_STOPPED_FAILED) how = "died";
    hub->notify({DomainEvent::Kind::kStopped, id, how});
  }

  // What is handed to libvirt as `opaque`: a reference of its own, freed by libvirt when the callback goes.
  static void* reference(const std::shared_ptr<Shared>& shared) { return new std::shared_ptr<Shared>(shared); }
  static Shared& from(void* opaque) { return **static_cast<std::shared_ptr<Shared>*>(opaque); }
  static void release(void* opaque) { delete static_cast<std::shared_ptr<Shared>*>(opaque); }
  static void closed(virConnectPtr connection, int, void* opaque) {
    no_throw("libvirt close", [&] { static_cast<Shared*>(opaque)->on_closed(connection); });
  }
  static int lifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* opaque) {
    no_throw("libvirt lifecycle", [&] { from(opaque).on_lifecycle(domain, event, detail); });
    return 0;
  }

  const std::shared_ptr<EventHub> hub;
  std::mutex mutex;
  std::condition_variable_any changed;
  virConnectPtr current = nullptr;       // null: lost, or never made
  std::optional<std::string> no_driver;  // libvirt answered, and has none for our URI
};

LibvirtConnection::LibvirtConnection(std::string uri, std::shared_ptr<EventHub> hub,
                                     std::shared_ptr<LibvirtEvents> events)
    : uri_(std::move(uri)), events_(std::move(events)), shared_(std::make_shared<Shared>(std::move(hub))) {
  if (const auto made = connect(); !made) {
    log::warning("libvirt does not answer", {{"uri", uri_}, {"reason", made.error().message}});
  }
  reconnect_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

LibvirtConnection::~LibvirtConnection() {
  reconnect_.request_stop();
  reconnect_.join();
  const std::scoped_lock lock(shared_->mutex);
  shared_->current = nullptr;
}

Result<std::shared_ptr<virConnect>> LibvirtConnection::get() {
  {
    const std::scoped_lock lock(shared_->mutex);
    if (shared_->no_driver) return fail(Errc::kNotFound, *shared_->no_driver);
    if (shared_->current == nullptr) return fail(Errc::kUnavailable, "libvirt is not reachable");
  }
  const std::scoped_lock lock(mutex_);
  return connection_;
}

Result<void> LibvirtConnection::connect() {
  virConnectPtr raw = ::virConnectOpen(uri_.c_str());
  if (raw == nullptr) {
    // Waiting does not bring a driver; whoever installs one starts libvirtd again, and we go on trying.
    const virError* last = ::virGetLastError();
    const bool no_driver = last != nullptr && last->code == VIR_ERR_NO_CONNECT;
    auto failure = libvirt_failure("connect to libvirt");
    const std::scoped_lock lock(shared_->mutex);
    shared_->no_driver =
        no_driver ? std::optional(std::format("libvirt has no driver for {} here: {}", uri_, failure.error().message))
                  : std::nullopt;
    return failure;
  }
  void* for_events = Shared::reference(shared_);
  // libvirt wants every kind of event callback as one type; void (*)() is the way there that compilers accept.
  const auto callback =
      reinterpret_cast<virConnectDomainEventGenericCallback>(reinterpret_cast<void (*)()>(&Shared::lifecycle));
  const int events = ::virConnectDomainEventRegisterAny(raw, nullptr, VIR_DOMAIN_EVENT_ID_LIFECYCLE, callback,
                                                        for_events, &Shared::release);
  if (events < 0) Shared::release(for_events);
  std::shared_ptr<virConnect> connection(raw, [events, shared = shared_](virConnectPtr old) {
    ::virConnectUnregisterCloseCallback(old, &Shared::closed);
    if (events >= 0) ::virConnectDomainEventDeregisterAny(old, events);
    ::virConnectClose(old);
  });
  if (events < 0) return libvirt_failure("ask libvirt for events");
  {
    const std::scoped_lock lock(mutex_);
    connection_.swap(connection);
  }
  {
    const std::scoped_lock lock(shared_->mutex);
    shared_->current = raw;
    shared_->no_driver.reset();
  }
  // The connection's deleter keeps it: drivers without a daemon accept a callback and then never free it.
  static_cast<void>(::virConnectRegisterCloseCallback(raw, &Shared::closed, shared_.get(), nullptr));
  static_cast<void>(::virConnectSetKeepAlive(raw, kKeepAliveSeconds, kKeepAliveCount));
  if (::virConnectIsAlive(raw) == 0) shared_->on_closed(raw);  // it broke before anybody listened
  log::info("connected to libvirt", {{"uri", uri_}});
  return {};
}

void LibvirtConnection::run(const std::stop_token& stop) {
  std::chrono::milliseconds pause = kShortestPause;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(shared_->mutex);
      if (shared_->current != nullptr) {
        if (shared_->changed.wait(lock, stop, [this] { return shared_->current == nullptr; })) {
          log::warning("connection to libvirt lost", {{"uri", uri_}});
        }
        pause = kShortestPause;
        continue;
      }
      shared_->changed.wait_for(lock, stop, pause, [] { return false; });
    }
    if (stop.stop_requested()) return;
    if (connect()) {
      shared_->hub->notify({DomainEvent::Kind::kResync, {}, "connected to libvirt"});
    } else {
      pause = std::min<std::chrono::milliseconds>(pause * 2, kLongestPause);
    }
  }
}

}  // namespace tobari::vmhost
