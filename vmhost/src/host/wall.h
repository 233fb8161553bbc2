// SPDX-License-Identifier: GPL-3.0-or-later
// A wall: several desktops side by side in one session, and the display process that shows them and nothing else. Until
// its client has signed in, the desktops stay where they are; from then on each lends its display to the wall; when the
// session ends they have it back. Loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/desktop.h"
#include "host/loop.h"
#include "supervisor/display_process.h"
#include "tobari/host.pb.h"

namespace tobari::vmhost {

class Wall {
 public:
  struct Callbacks {
    std::function<void()> on_ready;      // arm() may succeed now
    std::function<void()> on_signed_in;  // the desktops are about to be lent to it
    std::function<void(const wire::Session&)> on_session;
    std::function<void(const wire::Transfer&)> on_transfer;
    std::function<void()> on_over;  // nothing comes any more: to be destroyed, but not in this call
  };
  // Of an earlier life of this program.
  struct Adopted {
    AdoptedDisplay display;
    bool showing;  // else it waits for its client
  };
  // `desktops`: a screen each, in order. `slot`: one that no desktop or other wall has; it says as which user it runs.
  Wall(DesktopServices& services, std::string session, std::vector<std::shared_ptr<Desktop>> desktops,
       std::uint32_t slot, Callbacks callbacks, std::optional<Adopted> adopted = {});
  ~Wall();
  Wall(const Wall&) = delete;
  Wall& operator=(const Wall&) = delete;

  [[nodiscard]] const std::string& session() const noexcept { return session_; }
  [[nodiscard]] std::uint32_t slot() const noexcept { return slot_; }
  [[nodiscard]] bool waits() const noexcept { return state_ == State::kWaiting; }  // for its client
  [[nodiscard]] bool shows() const noexcept { return state_ == State::kShowing; }  // the desktops are lent to it
  [[nodiscard]] const std::vector<std::shared_ptr<Desktop>>& desktops() const noexcept { return desktops_; }
  [[nodiscard]] bool holds(const Desktop& desktop) const;

  // The fingerprint of the display's certificate once it is armed. kUnavailable: later may help.
  [[nodiscard]] Result<std::string> arm(const wire::OpenDisplay& request);
  [[nodiscard]] Result<void> client(const std::string& address, int descriptor);
  // The desktops have their displays back on return; the client is told why, then on_over() comes. Again: nothing.
  enum class Why : std::uint8_t { kEnded, kTakenOver, kDenied };
  void end(Why why, const std::string& reason);
  void narrow(const wire::NarrowSession& request);
  void answer_transfer(const wire::TransferAnswered& answer);
  void warn(const wire::Warn& warning);
  void ask_display_to_end() noexcept { display_->ask_to_end(); }
  void leave_display() noexcept { display_->leave(); }  // for the next life of this program
  void hand_recording_line(const UniqueFd& line);

 private:
  enum class State : std::uint8_t { kWaiting, kShowing, kLeaving, kOver };

  [[nodiscard]] DisplayCallbacks display_callbacks();
  void outlive_us() const;
  void on_resumed(const wire::Resumed& resumed);
  void on_session(const wire::Session& session);
  void on_signed_in();
  void on_display_gone();
  void on_source_lost(std::uint32_t screen, const std::string& detail);
  void lend_all(bool has_them);
  void give_back();
  void report_end(const std::string& detail);
  void finish();
  [[nodiscard]] std::optional<std::uint32_t> display_user() const;

  DesktopServices& services_;
  const std::string session_;
  const std::vector<std::shared_ptr<Desktop>> desktops_;
  const std::uint32_t slot_;
  const Callbacks callbacks_;
  State state_ = State::kWaiting;
  bool connected_ = false;  // was reported, and its end was not
  bool warned_ = false;
  std::unique_ptr<DisplayProcess> display_;
  Loop::Handle timer_;  // of the state that it is in
};

}  // namespace tobari::vmhost
