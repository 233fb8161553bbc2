// SPDX-License-Identifier: GPL-3.0-or-later
// The public functions: notes for the encode thread (encode_thread.cpp).
#include "session/display_session.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "session/connection.h"
#include "session/view.h"

namespace tobari::display {

DisplaySession::DisplaySession(SessionObserver& observer, std::size_t screens, TransferLedger* ledger)
    : observer_(observer),
      input_(
          [this] {
            const std::scoped_lock lock(mutex_);
            cursor_changed_ = true;
            wake();
          },
          [this] { on_guarded_press(); }),
      clipboard_(
          ledger != nullptr ? *ledger : no_ledger_,
          [this] {
            const std::scoped_lock lock(mutex_);
            wake();
          },
          [this](const ClipboardRelay::Denial& denial) { observer_.on_denied(denial); }) {
  for (std::size_t i = 0; i < std::clamp<std::size_t>(screens, 1, kMaxScreens); ++i) {
    screens_.push_back(std::make_unique<Screen>(*this));
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

DisplaySession::~DisplaySession() { stop(); }

void DisplaySession::add_screens(std::size_t count) {
  const std::scoped_lock lock(mutex_);
  while (screens_.size() < std::min(count, kMaxScreens)) screens_.push_back(std::make_unique<Screen>(*this));
  layout_changed_ = true;
  wake();
}

void DisplaySession::set_source(std::size_t screen, std::unique_ptr<FramebufferSource> source, Role role) {
  if (screen >= kMaxScreens) return;
  const std::scoped_lock lock(mutex_);
  while (screens_.size() <= screen) screens_.push_back(std::make_unique<Screen>(*this));
  screens_[screen]->next_source = std::move(source);
  screens_[screen]->spare = role == Role::kSpareHead;
  layout_changed_ = true;
  wake();
}

Result<void> DisplaySession::add_client(std::unique_ptr<DisplayTransport> transport, ClientLabel label) {
  const auto connection = std::make_shared<Connection>(*this, std::move(transport), std::move(label));
  {
    const std::scoped_lock lock(mutex_);
    const auto pending =
        std::ranges::count_if(connections_, [](const auto& c) { return !c->signed_in() && !c->closed(); });
    if (stopping_) return fail(Errc::kCancelled, "the display stops");
    if (std::cmp_greater_equal(pending, kMaxPending))
      return fail(Errc::kExhausted, "too many connections without a ticket");
    connections_.push_back(connection);
  }
  auto started = connection->transport().start(*connection, input_);
  if (!started) {
    const std::scoped_lock lock(mutex_);
    connections_.remove(connection);
  }
  return started;
}

void DisplaySession::set_clipboard(std::unique_ptr<ClipboardSource> clipboard) {
  const std::scoped_lock lock(mutex_);
  next_clipboard_ = std::move(clipboard);
  clipboard_changed_ = true;
  wake();
}

void DisplaySession::narrow(const std::string& session_id, const policy::Grant& grant) {
  std::vector<std::shared_ptr<Connection>> told;
  std::vector<std::shared_ptr<Connection>> ended;
  {
    const std::scoped_lock lock(mutex_);
    std::ranges::copy_if(connections_, std::back_inserter(told), [&session_id](const auto& c) {
      return c->signed_in() && !c->closed() && c->admitted().session_id == session_id;
    });
    for (const auto& connection : told) {
      connection->narrow(grant);
      if (!connection->markable()) ended.push_back(connection);
    }
    remember(session_id, grant);
    layout_changed_ = audio_changed_ = clipboard_changed_ = true;
    wake();
  }
  for (const auto& connection : told) connection->transport().narrow(grant);
  for (const auto& connection : ended) connection->transport().close(CloseReason::kDropped);
}

void DisplaySession::remember(const std::string& session_id, std::optional<policy::Grant> grant) {
  if (session_id.empty()) return;
  lately_.emplace_front(session_id, std::move(grant));
  if (lately_.size() > 2 * kMaxPending) lately_.pop_back();
}

// The client has read what it had to read, or one that had nothing to read was quicker than the guard.
void DisplaySession::on_guarded_press() {
  std::shared_ptr<Connection> reader;
  {
    const std::scoped_lock lock(mutex_);
    if (!active_ || !active_->confirm_notice()) return;
    reader = active_;
    input_.set_guarded(false);
    layout_changed_ = audio_changed_ = clipboard_changed_ = true;
    wake();
  }
  observer_.on_notice_read(reader->admitted());
}

void DisplaySession::drop_clients(const std::string& session_id, CloseReason reason) {
  std::vector<std::shared_ptr<Connection>> dropped;
  {
    const std::scoped_lock lock(mutex_);
    std::ranges::copy_if(connections_, std::back_inserter(dropped), [&session_id](const auto& c) {
      return c->signed_in() && (session_id.empty() || c->admitted().session_id == session_id);
    });
    remember(session_id, std::nullopt);
  }
  for (const auto& connection : dropped) connection->transport().close(reason);
}

// The encode thread ends first: it buries closed connections, and two threads must not join one.
void DisplaySession::stop() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    thread_.request_stop();
    wake();
  }
  if (thread_.joinable()) thread_.join();
  std::list<std::shared_ptr<Connection>> connections;
  {
    const std::scoped_lock lock(mutex_);
    connections.swap(connections_);
  }
  for (const auto& connection : connections) connection->transport().close(CloseReason::kServerStops);
  for (const auto& connection : connections) connection->transport().stop();
  audio_.set_source(nullptr);
  clipboard_.set_client(nullptr, {}, {});
  clipboard_.set_guest(nullptr);
  if (guest_clipboard_) guest_clipboard_->stop();
  for (const auto& screen : screens_) {
    screen->input().set_target(nullptr);
    if (screen->source) screen->source->stop();
  }
}

}  // namespace tobari::display
