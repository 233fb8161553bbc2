// SPDX-License-Identifier: GPL-3.0-or-later
#include "keeper/keeper_line.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <format>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <tobari/base/log.h>

#include "host/unix_socket.h"

namespace tobari::vmhost {
namespace {

constexpr int kBacklog = 8;
constexpr int kKeeperDescriptor = 3;  // where spawn() puts what its child is given
constexpr int kHeardATurn = 64;
constexpr int kAttempts = 3;
constexpr std::chrono::milliseconds kLastWordsWithin{1000};

// Reads at most until `deadline`.
Result<void> wait_for(int fd, short events, Loop::Steady::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Loop::Steady::now());
    pollfd item{fd, events, 0};
    const int ready = left.count() > 0 ? ::poll(&item, 1, static_cast<int>(left.count())) : 0;
    if (ready > 0) return {};
    if (ready == 0) return fail(Errc::kTimeout, "the keeper does not answer");
    if (errno != EINTR) return fail_errno(errno, "wait for the keeper");
  }
}

// Only for us, from the beginning: nobody can connect before it listens.
Result<UniqueFd> listen_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(Errc::kInvalidArgument, "socket path is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  ::unlink(path.c_str());
  UniqueFd listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!listener) return fail_errno(errno, "make a socket");
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(listener.get(), kBacklog) != 0) {
    return fail_errno(errno, "listen at " + path);
  }
  return listener;
}

}  // namespace

// ---- the line

Result<std::unique_ptr<KeeperLine>> KeeperLine::create(Loop& loop, KeeperOptions options) {
  std::unique_ptr<KeeperLine> made(new KeeperLine(loop, std::move(options)));
  auto opened = made->try_open();
  // One that has nothing to hold ends, perhaps just when we came.
  for (int i = 1; i < kAttempts && !opened && opened.error().code == Errc::kUnavailable; ++i) opened = made->try_open();
  TOBARI_TRY(opened);
  made->watch(false);
  return made;
}

Result<void> KeeperLine::try_open() {
  entries_.clear();
  left_.clear();
  TOBARI_TRY(open());
  return hear_what_is_held();
}

KeeperLine::~KeeperLine() {
  const auto deadline = Loop::Steady::now() + kLastWordsWithin;
  while (channel_ && !unsaid_.empty() && wait_for(channel_->fd(), POLLOUT, deadline)) flush();
}

Result<void> KeeperLine::open() {
  TOBARI_TRY(connect());
  wire::ToKeeper message;
  message.mutable_attach()->set_hold_seconds(static_cast<std::uint32_t>(options_.hold.count()));
  return channel_->send(message);
}

Result<void> KeeperLine::connect() {
  auto socket = connect_unix(options_.socket, SOCK_SEQPACKET);
  if (!socket && !options_.program.empty()) {
    TOBARI_TRY(start_program());
    socket = connect_unix(options_.socket, SOCK_SEQPACKET);
  }
  if (!socket) return context(std::move(socket).error(), "reach tobari-keeper");
  channel_.emplace(*std::move(socket));
  return {};
}

Result<void> KeeperLine::start_program() {
  if (program_.pid > 0) ::waitpid(program_.pid, nullptr, WNOHANG);  // the one before, which has ended
  TOBARI_ASSIGN(const UniqueFd listener, listen_unix(options_.socket));
  TOBARI_ASSIGN(program_, spawn({.arguments = {options_.program, "--listen-fd", std::to_string(kKeeperDescriptor)},
                                 .control = listener.get(),
                                 .uid = {},
                                 .outlives = true}));
  watch_program_ = loop_.watch(program_.pidfd.get(), POLLIN, [this](short) {
    watch_program_.reset();
    ::waitpid(program_.pid, nullptr, 0);  // it has ended
    program_ = {};
  });
  log::info("keeper started", {{"pid", std::to_string(program_.pid)}});
  return {};
}

Result<void> KeeperLine::hear_what_is_held() {
  const auto deadline = Loop::Steady::now() + options_.attach_within;
  for (;;) {
    const auto ready = wait_for(channel_->fd(), POLLIN, deadline);
    if (!ready && ready.error().code == Errc::kTimeout) {
      return fail(Errc::kTimeout, std::format("tobari-keeper at {} does not answer: does another tobari-vmhost run on "
                                              "this host?",
                                              options_.socket.string()));
    }
    TOBARI_TRY(ready);
    wire::FromKeeper message;
    TOBARI_ASSIGN(auto got, channel_->receive(message));
    if (got.status == display::ControlReceived::Status::kClosed) {
      return fail(Errc::kUnavailable, "tobari-keeper ended at once; see keeper_program or keeper_socket");
    }
    if (message.has_attached()) {
      away_ = std::chrono::milliseconds(message.attached().away_ms());
      return {};
    }
    if (message.has_kept()) remember(message.kept(), std::move(got.descriptor));
    if (left_.size() > kMaxKept) return fail(Errc::kPeerProtocol, "tobari-keeper holds more than it may");
  }
}

void KeeperLine::remember(const wire::KeeperKept& kept, UniqueFd descriptor) {
  Entry& held = entries_[kept.name()];
  held.note = kept.note();
  held.process = kept.process();
  if (descriptor) held.descriptor.reset(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0));
  left_.push_back({kept.name(), kept.note(), std::move(descriptor), kept.process()});
}

std::vector<Kept> KeeperLine::take() { return std::exchange(left_, {}); }

// ---- what is to be held

KeeperLine::Entry* KeeperLine::entry(const std::string& name, const std::string& note) {
  if (!may_be_kept(name, note) || (entries_.size() >= kMaxKept && !entries_.contains(name))) {
    log::error("what would outlive a restart is too much", {{"name", name}, {"held", std::to_string(entries_.size())}});
    return nullptr;
  }
  Entry& found = entries_[name];
  found.note = note;
  return &found;
}

void KeeperLine::keep(const std::string& name, const std::string& note, int descriptor, What what) {
  Entry* const held = entry(name, note);
  if (held == nullptr) return;
  held->descriptor.reset(descriptor < 0 ? -1 : ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  held->process = what == What::kProcess;
  if (descriptor >= 0 && !held->descriptor) log::error("too many descriptors to keep one more", {{"name", name}});
  changed(name);
}

void KeeperLine::annotate(const std::string& name, const std::string& note) {
  if (entry(name, note) != nullptr) changed(name);
}

void KeeperLine::drop(const std::string& name) {
  if (entries_.erase(name) > 0) changed(name);
}

void KeeperLine::end() {
  entries_.clear();
  unsaid_.clear();
  wire::ToKeeper message;
  message.mutable_end();
  if (channel_) static_cast<void>(channel_->send(message));
}

void KeeperLine::changed(const std::string& name) {
  unsaid_.insert(name);
  if (!writable_watched_) flush();
}

// State, not a queue: what changed twice meanwhile is said once.
void KeeperLine::flush() {
  while (channel_ && !unsaid_.empty()) {
    const auto said = say(*unsaid_.begin());
    if (!said && said.error().code == Errc::kExhausted) return watch(true);
    if (!said) return lost(said.error().message);
    unsaid_.erase(unsaid_.begin());
  }
  if (channel_ && writable_watched_) watch(false);
}

Result<void> KeeperLine::say(const std::string& name) {
  wire::ToKeeper message;
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    message.mutable_drop()->set_name(name);
    return channel_->send(message);
  }
  message.mutable_keep()->set_name(name);
  message.mutable_keep()->set_note(found->second.note);
  message.mutable_keep()->set_process(found->second.process);
  return channel_->send(message, found->second.descriptor.get());
}

// ---- events

void KeeperLine::watch(bool writable) {
  writable_watched_ = writable;
  const short events = static_cast<short>(writable ? POLLIN | POLLOUT : POLLIN);
  watch_ = loop_.watch(channel_->fd(), events, [this](short revents) { on_event(revents); });
}

// A keeper that was started again hands over nothing, or what it is about to be told anyway.
void KeeperLine::on_event(short revents) {
  if ((revents & POLLOUT) != 0) flush();
  for (int i = 0; i < kHeardATurn && channel_; ++i) {
    wire::FromKeeper message;
    const auto got = channel_->receive(message);
    using Status = display::ControlReceived::Status;
    if (!got) return lost(got.error().message);
    if (got->status == Status::kClosed) return lost("it has closed its line");
    if (got->status == Status::kNothingYet) return;
    if (message.has_kept() && !entries_.contains(message.kept().name())) changed(message.kept().name());
  }
}

void KeeperLine::lost(const std::string& why) {
  watch_.reset();
  channel_.reset();
  writable_watched_ = false;
  log::error("the keeper is away: until it is back, sessions end with this agent", {{"why", why}});
  again_timer_ = loop_.after(options_.again_after, [this] { open_again(); });
}

void KeeperLine::open_again() {
  if (const auto opened = open(); !opened) {
    channel_.reset();
    log::warning("no keeper yet", {{"why", opened.error().message}});
    again_timer_ = loop_.after(options_.again_after, [this] { open_again(); });
    return;
  }
  for (const auto& [name, each] : entries_) unsaid_.insert(name);
  log::info("the keeper is there again", {{"held", std::to_string(entries_.size())}});
  watch(false);
  flush();
}

}  // namespace tobari::vmhost
