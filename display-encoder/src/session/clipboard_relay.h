// SPDX-License-Identifier: GPL-3.0-or-later
// Between the client's end of the clipboard and the desktop's: nothing gets from one to the other but through here, and
// only what the gate lets through, once the ledger has it. A content is complete and checked before it is looked at,
// and is handed on as a whole or not at all.
//
// Any thread. Ends are told things with the relay's lock held, so they must not call back from within.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <tobari/display/clipboard.h>
#include <tobari/display/display_transport.h>

#include "filter/clipboard_gate.h"
#include "session/transfer_ledger.h"

namespace tobari::display {

class ClipboardRelay {
 public:
  using Time = ClipboardGate::Time;
  // For the end that was asked, and for the ledger after that.
  static constexpr std::chrono::seconds kAnswerWithin{30};
  static constexpr std::chrono::seconds kLedgerWithin{10};
  // Contents that wait here, of all transfers together.
  static constexpr std::size_t kMaxHeld = 2 * kMaxClipboardContent;

  struct Denial {
    std::string session_id;
    std::string channel;
    std::string reason;
  };
  // `alarm`: next_alarm() may be sooner than before. Both are called on any thread, without the lock, and must not
  // block. `ledger` outlives the relay.
  ClipboardRelay(TransferLedger& ledger, std::function<void()> alarm, std::function<void(const Denial&)> denied);
  ~ClipboardRelay();
  ClipboardRelay(const ClipboardRelay&) = delete;
  ClipboardRelay& operator=(const ClipboardRelay&) = delete;

  // ---- who is there; each returns when the former one is not called any more
  // Null: the desktop has no clipboard.
  void set_guest(ClipboardEnd* guest);
  // The client that is shown the desktop; null: none. Its end is opened if its grant says so. Again with the same
  // client: its grant has changed, and never to more.
  void set_client(std::shared_ptr<DisplayTransport> client, const std::string& session_id, const policy::Grant& grant);

  // ---- what they say. What comes from a client that is not (or no longer) the one above is dropped.
  void client_offers(const DisplayTransport& client, policy::FormatSet formats);
  void client_asks(const DisplayTransport& client, TransferId id, policy::Format format);
  void client_answers(const DisplayTransport& client, TransferId id, Result<ClipboardContent> content);
  [[nodiscard]] ClipboardEvents& guest_events() noexcept { return guest_events_; }

  // ---- time
  [[nodiscard]] std::optional<Time> next_alarm();
  void tick(Time now);

 private:
  enum class Stage : std::uint8_t { kAsked, kWaiting, kLedger };
  struct Pending {
    Direction direction{};
    policy::Format format{};
    TransferId asker_id = 0;  // as whoever pastes calls it
    Stage stage = Stage::kAsked;
    Time until{};  // kWaiting: when it goes on; else: when it is given up
    ClipboardContent content{};
  };
  class GuestEvents final : public ClipboardEvents {
   public:
    explicit GuestEvents(ClipboardRelay& relay) noexcept : relay_(relay) {}
    void on_offer(policy::FormatSet formats) override;
    void on_ask(TransferId id, policy::Format format) override;
    void on_answer(TransferId id, Result<ClipboardContent> content) override;

   private:
    ClipboardRelay& relay_;
  };
  // What is to be said once the lock is gone.
  struct After {
    std::optional<Denial> denial{};
    std::optional<Transfer> enter{};
    TransferId number = 0;  // of `enter`
  };
  // What callbacks of the ledger look at first: they may come when the relay has gone.
  struct Alive {
    std::mutex mutex;
    ClipboardRelay* relay = nullptr;
  };

  // With mutex_ held.
  [[nodiscard]] ClipboardEnd* end(bool client) noexcept;
  [[nodiscard]] ClipboardEnd* asker(Direction direction) noexcept { return end(direction == Direction::kFromGuest); }
  [[nodiscard]] ClipboardEnd* giver(Direction direction) noexcept { return end(direction == Direction::kToGuest); }
  void offers(Direction direction, policy::FormatSet formats);
  [[nodiscard]] After asks(Direction direction, TransferId id, policy::Format format);
  [[nodiscard]] After answers(Direction direction, TransferId number, Result<ClipboardContent> content);
  [[nodiscard]] After enter(TransferId number, Pending& pending, Time now);
  [[nodiscard]] Denial denial(Direction direction, std::string reason) const;
  void drop_pending();
  void show_offer();
  void refuse(const Pending& pending);

  void say(After after);
  void entered(TransferId number, const Result<void>& result);

  TransferLedger& ledger_;
  const std::function<void()> alarm_;
  const std::function<void(const Denial&)> denied_;
  GuestEvents guest_events_{*this};
  std::shared_ptr<Alive> alive_ = std::make_shared<Alive>();

  std::mutex mutex_;
  ClipboardGate gate_;
  ClipboardEnd* guest_ = nullptr;
  std::shared_ptr<DisplayTransport> client_;
  bool open_ = false;  // the client's end
  std::string session_id_;
  // What lies on the clipboard: of the end that copied last, in the direction in which it would go.
  std::optional<Direction> newest_;
  policy::FormatSet offered_;  // all of it, also what does not pass
  TransferId next_ = 1;
  std::map<TransferId, Pending> pending_;
};

}  // namespace tobari::display
