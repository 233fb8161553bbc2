// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway.h"

#include <cerrno>
#include <csignal>

#include <sys/epoll.h>
#include <sys/socket.h>

#include <tobari/base/log.h>

namespace tobari::gateway {
namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr std::chrono::minutes kReportEvery{1};
constexpr std::chrono::milliseconds kPauseWithoutDescriptors{100};

}  // namespace

Gateway::Gateway(EventLoop& loop, RouteResolver& routes, const Limits& limits, UniqueFd listener)
    : loop_(loop),
      routes_(routes),
      limits_(limits),
      listener_(std::move(listener)),
      log_limiter_(loop.clock()),
      book_(limits.max_unauthenticated, limits.max_unauthenticated_per_address) {}

Result<std::unique_ptr<Gateway>> Gateway::create(EventLoop& loop, RouteResolver& routes, const net::Endpoint& listen,
                                                 const Limits& limits) {
  ::signal(SIGPIPE, SIG_IGN);
  TOBARI_ASSIGN(UniqueFd listener, net::listen_tcp(listen));
  std::unique_ptr<Gateway> gateway(new Gateway(loop, routes, limits, std::move(listener)));
  TOBARI_TRY(gateway->watch_listener());
  gateway->log_when_changed();
  return gateway;
}

Gateway::~Gateway() { stop(); }

void Gateway::stop() {
  loop_.unwatch(std::exchange(listener_watch_, 0));
  listener_.reset();
  loop_.cancel(report_timer_);
  loop_.cancel(resume_timer_);
  // Ending one calls back into the tables: they are empty by then.
  const auto admissions = std::exchange(admissions_, {});
  const auto relays = std::exchange(relays_, {});
  for (const auto& [id, relay] : relays) relay->end("gateway stops");
  if (!relays.empty()) log::info("sessions ended by stopping", {{"count", std::to_string(relays.size())}});
}

Result<void> Gateway::watch_listener() {
  TOBARI_ASSIGN(listener_watch_, loop_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept_some(); }));
  return {};
}

void Gateway::accept_some() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    UniqueFd client(
        ::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client) return on_accept_failed(errno);
    admit(std::move(client), net::to_endpoint(address));
  }
}

void Gateway::on_accept_failed(int error_number) {
  if (error_number != EMFILE && error_number != ENFILE && error_number != ENOMEM && error_number != ENOBUFS) return;
  // Nothing is left to accept with. Make room and look again a little later, or the level-triggered listener spins.
  if (log_limiter_.allow()) log::error("cannot accept", {{"errno", std::to_string(error_number)}});
  if (const auto oldest = book_.oldest()) admissions_.at(*oldest).admission->refuse(Refusal::kShed);
  loop_.unwatch(std::exchange(listener_watch_, 0));
  resume_timer_ = loop_.after(kPauseWithoutDescriptors, [this] {
    if (const auto watched = watch_listener(); !watched)
      log::error("cannot listen", {{"error", describe(watched.error())}});
  });
}

void Gateway::admit(UniqueFd client, net::Endpoint peer) {
  ++counters_.accepted;
  const Id id = ++last_id_;
  const std::string key = address_key(peer.address);
  const std::string address = peer.address;
  auto admission = std::make_shared<Admission>(
      loop_, routes_, limits_, std::move(client), std::move(peer),
      Admission::Callbacks{
          .on_authenticated = [this, id] { book_.remove(id); },
          .on_outcome = [this, id](Admission::Outcome outcome) { on_outcome(id, std::move(outcome)); }});
  admissions_.emplace(id, Waiting{.admission = admission, .address = address});
  book_.add(id, key);
  if (const auto surplus = book_.surplus(key)) admissions_.at(*surplus).admission->refuse(Refusal::kShed);
  admission->start();
}

void Gateway::on_outcome(Id id, Admission::Outcome outcome) {
  book_.remove(id);
  const auto found = admissions_.find(id);
  const std::string address = found->second.address;
  // The admission is calling: it may only be destroyed when it has returned.
  loop_.post([keep = std::move(found->second.admission)] {});
  admissions_.erase(found);
  if (auto* refused = std::get_if<Refused>(&outcome)) return on_refused(address, *refused);
  begin_relay(id, std::move(std::get<RoutedPair>(outcome)));
}

void Gateway::on_refused(const std::string& address, const Refused& refused) {
  ++counters_.refused[static_cast<std::size_t>(refused.reason)];
  if (!log_limiter_.allow()) return;
  log::warning("connection refused", {{"client", address},
                                      {"reason", std::string(to_string(refused.reason))},
                                      {"detail", refused.detail},
                                      {"unlogged", std::to_string(log_limiter_.take_suppressed())}});
}

void Gateway::begin_relay(Id id, RoutedPair pair) {
  if (relays_.size() >= limits_.max_sessions) {
    return on_refused(pair.client_address, {.reason = Refusal::kFull, .detail = "session cap"});
  }
  ++counters_.routed;
  log::info("session routed", {{"session", pair.session_id}, {"client", pair.client_address}});
  auto relay = std::make_shared<Relay>(loop_, pipes_, limits_, counters_, std::move(pair),
                                       [this, id](const std::string& why) { on_relay_end(id, why); });
  relays_.emplace(id, relay);
  relay->start();
}

void Gateway::on_relay_end(Id id, const std::string& why) {
  const auto found = relays_.find(id);
  if (found == relays_.end()) return;  // stop() is ending all
  log::info(
      "session ended",
      {{"session", found->second->pair().session_id}, {"why", why}, {"bytes", std::to_string(found->second->bytes())}});
  loop_.post([keep = std::move(found->second)] {});
  relays_.erase(found);
}

void Gateway::log_when_changed() {
  if (!(counters_ == logged_)) log_counters();
  logged_ = counters_;
  report_timer_ = loop_.after(kReportEvery, [this] { log_when_changed(); });
}

void Gateway::log_counters() const {
  const auto text = [](auto number) { return std::to_string(number); };
  const auto refused = [this, text](Refusal reason) { return text(counters_.of(reason)); };
  log::info("counters", {{"accepted", text(counters_.accepted)},
                         {"routed", text(counters_.routed)},
                         {"sessions", text(relays_.size())},
                         {"unauthenticated", text(book_.size())},
                         {"malformed", refused(Refusal::kMalformed)},
                         {"no_tls", refused(Refusal::kNoTls)},
                         {"no_token", refused(Refusal::kNoToken)},
                         {"unknown_token", refused(Refusal::kUnknownToken)},
                         {"too_slow", refused(Refusal::kTooSlow)},
                         {"shed", refused(Refusal::kShed)},
                         {"left", refused(Refusal::kLeft)},
                         {"full", refused(Refusal::kFull)},
                         {"broker_away", refused(Refusal::kBrokerAway)},
                         {"front_away", refused(Refusal::kFrontAway)},
                         {"bytes_to_front", text(counters_.bytes_to_front)},
                         {"bytes_to_client", text(counters_.bytes_to_client)}});
}

}  // namespace tobari::gateway
