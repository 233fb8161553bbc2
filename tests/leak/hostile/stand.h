// SPDX-License-Identifier: GPL-3.0-or-later
// One display process as a host agent runs it, in front of a machine that is played: the way from the accepted
// connection to the machine's sockets is the product's own, and both of its ends are ours.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>
#include <tobari/display/control_channel.h>
#include <tobari/display_control.pb.h>

#include "fake_qemu.h"
#include "tap.h"

namespace tobari::leak {

// "audio.play", or with formats and a limit of bytes a transfer: "clipboard.to_guest:text,html:4096".
[[nodiscard]] Result<wire::ChannelGrant> parse_channel(const std::string& text);

class Stand {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Stand>> start(const std::string& program, const std::string& client_stem);
  ~Stand();
  Stand(const Stand&) = delete;
  Stand& operator=(const Stand&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const std::string& certificate_sha256() const noexcept { return certificate_; }

  // The next connections belong to this session; the one that brings the ticket returned is let in. `ticket`: empty for
  // one that nobody can guess.
  [[nodiscard]] std::string arm(const std::string& session, const std::vector<wire::ChannelGrant>& channels,
                                std::string ticket = {});

  // The machine's clipboard agent: the display's end of its port.
  void give_clipboard(UniqueFd port);
  // What the broker, which is played too, lets pass from now on, in all transfers together.
  void allow_bytes(std::uint64_t bytes);

  struct Report {
    bool connected = false;
    bool violation = false;
    bool ended = false;
    std::string detail;  // of the end
  };
  // What the display process said of this session once it had ended; nothing when it has not within `limit`.
  [[nodiscard]] std::optional<Report> wait_ended(const std::string& session,
                                                 std::chrono::milliseconds limit = std::chrono::seconds(10));
  [[nodiscard]] Report report(const std::string& session);

  [[nodiscard]] Tap::Seen seen() { return tap_.seen(); }
  // Calls on the machine that are not about the size of its screen: keys, buttons, everything else.
  [[nodiscard]] std::size_t calls();
  [[nodiscard]] std::vector<std::string> sizes();  // "1024 768", as asked of the machine
  [[nodiscard]] bool alive();
  [[nodiscard]] display::FakeQemu& machine() noexcept { return *machine_; }

 private:
  explicit Stand(const std::string& client_stem);
  [[nodiscard]] Result<void> spawn(const std::string& program);
  [[nodiscard]] Result<void> set_up();
  void send(const wire::ToDisplay& message, int descriptor = -1);
  void run(const std::stop_token& stop);
  void take(const wire::FromDisplay& message);
  void hand_over();

  Tap tap_;
  std::unique_ptr<display::FakeQemu> machine_;
  UniqueFd picture_;
  std::optional<display::ControlChannel> control_;
  pid_t process_ = -1;
  UniqueFd listener_;
  UniqueFd wake_;
  std::uint16_t port_ = 0;
  std::string certificate_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string session_;  // of the connections that come now
  std::map<std::string, Report> reports_;
  std::uint64_t bytes_left_ = UINT64_MAX;  // of a day
  bool ready_ = false;
  bool gone_ = false;
  std::jthread thread_;
};

}  // namespace tobari::leak
