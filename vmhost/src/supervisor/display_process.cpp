// SPDX-License-Identifier: GPL-3.0-or-later
#include "supervisor/display_process.h"

#include <algorithm>
#include <csignal>
#include <format>
#include <poll.h>
#include <utility>

#include <tobari/base/log.h>

#include "supervisor/service_display.h"
#include "tobari/keeper.pb.h"

namespace tobari::vmhost {
namespace {

constexpr int kGraceMilliseconds = 1000;
constexpr int kMessagesPerTurn = 32;  // one display must not keep the loop from the others
// Of statistics (display_control.proto).
constexpr int kMaxCodecs = 32;
constexpr int kMaxScreens = 16;
constexpr int kMaxHistogramCounts = 200;

bool is_fingerprint(const std::string& text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

DisplayProcess::DisplayProcess(Loop& loop, std::string desktop, DisplayOptions options, DisplayCallbacks callbacks,
                               std::optional<AdoptedDisplay> adopted)
    : loop_(loop),
      desktop_(std::move(desktop)),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      budget_(options_.restarts) {
  if (adopted) {
    take_over(*std::move(adopted));
  } else {
    start();
  }
}

DisplayProcess::~DisplayProcess() {
  if (options_.figures != nullptr) options_.figures->ended(desktop_);
  if (left_) return;
  let_go();
  channel_.reset();  // also a request to end
  end(child_, kGraceMilliseconds);
  if (options_.groups != nullptr) options_.groups->remove(group());
}

void DisplayProcess::ask_to_end() noexcept {
  watch_child_.reset();
  watch_channel_.reset();
  start_timer_.reset();
  ping_timer_.reset();
  send_signal(child_, SIGTERM);
}

void DisplayProcess::leave() noexcept {
  watch_child_.reset();
  watch_channel_.reset();
  start_timer_.reset();
  ping_timer_.reset();
  if (options_.keeper == nullptr || !ready()) return;
  channel_.reset();
  child_ = {};
  left_ = true;
}

// ---- what outlives us

// Once it is ready: until then it has heard from nobody but us, and ends when our end of its socket does.
void DisplayProcess::outlive_us() {
  if (options_.keeper == nullptr) return;
  wire::HeldDisplay note;
  note.set_name(desktop_);
  note.set_pid(child_.pid);
  if (uid_) note.set_uid(*uid_);
  note.set_certificate_sha256(fingerprint_);
  options_.keeper->keep("process/" + desktop_, "", child_.pidfd.get(), DescriptorKeeper::What::kProcess);
  options_.keeper->keep("display/" + desktop_, note.SerializeAsString(), channel_->fd());
}

void DisplayProcess::let_go() noexcept {
  if (options_.keeper == nullptr) return;
  options_.keeper->drop("display/" + desktop_);
  options_.keeper->drop("process/" + desktop_);
}

void DisplayProcess::take_over(AdoptedDisplay adopted) {
  channel_.emplace(std::move(adopted.control));
  uid_ = adopted.uid;
  fingerprint_ = std::move(adopted.fingerprint);
  watch(std::move(adopted.child));
  listen();
  wire::ToDisplay message;
  message.mutable_resume();
  if (const auto sent = channel_->send(message); !sent) return ended(sent.error().message);
  if (options_.figures != nullptr) options_.figures->adopted(desktop_);
  log::info("display process taken over", {{"desktop", desktop_}, {"pid", std::to_string(child_.pid)}});
}

// ---- its life

void DisplayProcess::start() {
  if (const auto started = try_start(); !started) ended(started.error().message);
}

Result<void> DisplayProcess::try_start() {
  TOBARI_TRY(options_.socket.empty() ? start_program() : start_service());
  listen();
  wire::ToDisplay setup;
  setup.mutable_setup()->set_desktop_id(desktop_);
  setup.mutable_setup()->set_log_level(options_.log_level);
  setup.mutable_setup()->set_screens(options_.screens);
  if (options_.keeper != nullptr) {
    setup.mutable_setup()->set_hold_seconds(static_cast<std::uint32_t>(options_.hold.count()));
  }
  TOBARI_TRY(channel_->send(setup));
  if (options_.figures != nullptr) options_.figures->started(desktop_);
  log::info("display process started", {{"desktop", desktop_}, {"pid", std::to_string(child_.pid)}});
  return {};
}

void DisplayProcess::listen() {
  pings_ = pongs_ = 0;
  last_sign_ = Loop::Steady::now();
  watch_channel_ = loop_.watch(channel_->fd(), POLLIN, [this](short) { on_messages(); });
  ping_timer_ = loop_.after(options_.ping_every, [this] { ping(); });
}

Result<void> DisplayProcess::start_program() {
  TOBARI_ASSIGN(auto ends, display::ControlChannel::pair());
  UniqueFd limited;
  if (options_.groups != nullptr) {
    TOBARI_ASSIGN(limited, options_.groups->open(group(), options_.limits));
  }
  TOBARI_ASSIGN(Child child,
                spawn({.arguments = {options_.program, "--control-fd", std::to_string(display::kControlDescriptor)},
                       .control = ends.second.fd(),
                       .uid = options_.uid,
                       .group = limited.get(),
                       .outlives = options_.keeper != nullptr}));
  channel_.emplace(std::move(ends.first));
  uid_ = options_.uid;
  watch(std::move(child));
  return {};
}

Result<void> DisplayProcess::start_service() {
  TOBARI_ASSIGN(UniqueFd socket, ask_for_display(options_.socket));
  channel_.emplace(std::move(socket));
  return {};
}

Result<void> DisplayProcess::identify() {
  if (options_.socket.empty() || child_.pid >= 0) return {};
  TOBARI_ASSIGN(std::optional<Sender> sender, sender_of_next(channel_->fd()));
  if (!sender) return {};
  uid_ = sender->uid;
  watch(std::move(sender->child));
  return {};
}

void DisplayProcess::watch(Child child) {
  child_ = std::move(child);
  watch_child_ = loop_.watch(child_.pidfd.get(), POLLIN, [this](short) { on_exit(); });
}

void DisplayProcess::ended(const std::string& why) {
  if (left_) return;
  let_go();
  watch_child_.reset();
  watch_channel_.reset();
  ping_timer_.reset();
  channel_.reset();
  fingerprint_.clear();
  statistics_.reset();
  if (options_.figures != nullptr) options_.figures->ended(desktop_);
  const pid_t pid = child_.pid;
  end(child_, 0);
  const auto now = Loop::Steady::now();
  const auto again = budget_.died(now).value_or(now + options_.restarts.longest_pause);
  const auto pause = std::chrono::ceil<std::chrono::milliseconds>(again - now);
  log::error(
      "display process ended",
      {{"desktop", desktop_}, {"pid", std::to_string(pid)}, {"why", why}, {"again_ms", std::to_string(pause.count())}});
  start_timer_ = loop_.after(pause, [this] { start(); });
  callbacks_.on_gone();
}

void DisplayProcess::ping() {
  const auto silent = Loop::Steady::now() - last_sign_;
  if (pongs_ < pings_ && silent > options_.answer_within) return ended("it does not answer");
  wire::ToDisplay message;
  message.mutable_ping()->set_id(++pings_);
  // A full socket is a sign of hanging like silence: time decides.
  static_cast<void>(channel_->send(message));
  if (pings_ % options_.statistics_every == 0) {
    message.mutable_ask_statistics();
    static_cast<void>(channel_->send(message));
  }
  ping_timer_ = loop_.after(options_.ping_every, [this] { ping(); });
}

Result<void> DisplayProcess::send(const wire::ToDisplay& message, int descriptor) {
  if (!ready() || !channel_) return fail(Errc::kUnavailable, "the display process is starting");
  return channel_->send(message, descriptor);
}

bool DisplayProcess::read_one() {
  if (const auto known = identify(); !known) {
    ended(known.error().message);
    return false;
  }
  wire::FromDisplay message;
  const auto got = channel_->receive(message);
  using Status = display::ControlReceived::Status;
  if (!got) {
    ended(got.error().message);
  } else if (got->status == Status::kClosed) {
    ended("it closed its control socket");
  } else if (got->status == Status::kMessage) {
    handle(message);
    return channel_.has_value();
  }
  return false;
}

void DisplayProcess::on_messages() {
  for (int i = 0; i < kMessagesPerTurn && read_one(); ++i) {
  }
}

// What it said last is still in the socket, and nobody writes to it any more. A session whose beginning is not heard
// of could never be reported as ended.
void DisplayProcess::on_exit() {
  while (read_one()) {
  }
  if (channel_) ended("it ended by itself");
}

// What is more than a display can have is none of ours to keep.
void DisplayProcess::keep(const wire::Statistics& statistics) {
  const auto fits = [](const wire::LogHistogram& histogram) { return histogram.counts_size() <= kMaxHistogramCounts; };
  if (statistics.codecs_size() > kMaxCodecs || statistics.input_us_size() > kMaxScreens ||
      !fits(statistics.encode_us()) || !fits(statistics.acknowledge_us()) ||
      !std::ranges::all_of(statistics.input_us(), fits)) {
    return;
  }
  statistics_ = statistics;
  if (options_.figures != nullptr) options_.figures->reported(desktop_, statistics, Loop::Steady::now());
}

void DisplayProcess::handle(const wire::FromDisplay& message) {
  last_sign_ = Loop::Steady::now();
  switch (message.message_case()) {
    case wire::FromDisplay::kReady:
      if (!is_fingerprint(message.ready().certificate_sha256()))
        return ended("its certificate's fingerprint is malformed");
      fingerprint_ = message.ready().certificate_sha256();
      outlive_us();
      callbacks_.on_ready();
      return;
    case wire::FromDisplay::kSession:
      callbacks_.on_session(message.session());
      return;
    case wire::FromDisplay::kSourceLost:
      callbacks_.on_source_lost(message.source_lost().screen(), message.source_lost().detail());
      return;
    case wire::FromDisplay::kPong:
      if (message.pong().id() <= pings_) pongs_ = std::max(pongs_, message.pong().id());
      return;
    case wire::FromDisplay::kPicture:
      callbacks_.on_picture(message.picture());
      return;
    case wire::FromDisplay::kTransfer:
      if (callbacks_.on_transfer) callbacks_.on_transfer(message.transfer());
      return;
    case wire::FromDisplay::kStatistics:
      return keep(message.statistics());
    case wire::FromDisplay::kResumed:
      if (message.resumed().certificate_sha256() != fingerprint_) return ended("it is not the one that was held");
      if (callbacks_.on_resumed) callbacks_.on_resumed(message.resumed());
      return;
    case wire::FromDisplay::MESSAGE_NOT_SET:
      return;  // of a newer version
  }
}

}  // namespace tobari::vmhost
