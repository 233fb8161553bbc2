// SPDX-License-Identifier: GPL-3.0-or-later
// A desktop's end of the clipboard: the agent in the guest (tobari-clipboard), over the host's side of its
// virtio-serial port, or over any other socket to such an agent. A desktop without the agent has a port that never
// answers.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include <tobari/base/clock.h>
#include <tobari/base/unique_fd.h>
#include <tobari/display/clipboard.h>

#include "capture/clipboard_port.h"

namespace tobari::display {

class GuestClipboard final : public ClipboardSource {
 public:
  // `port`: a connected stream socket.
  explicit GuestClipboard(UniqueFd port);
  ~GuestClipboard() override;

  [[nodiscard]] Result<void> start(ClipboardEvents& events) override;
  void stop() noexcept override;

  void offer(policy::FormatSet formats) override;
  void ask(TransferId id, policy::Format format, std::size_t most) override;
  void answer(TransferId id, std::optional<ClipboardContent> content) override;

 private:
  struct Asked {
    policy::Format format{};
    std::size_t most = 0;
    ClipboardContent content{};
  };
  struct Answering {
    TransferId id = 0;
    ClipboardContent content{};
    std::size_t sent = 0;
  };

  void run(const std::stop_token& stop);
  [[nodiscard]] bool read_all();   // false: the port is closed, or talks nonsense
  [[nodiscard]] bool write_all();  // false: the port is closed
  [[nodiscard]] Result<void> handle(port::Message message);
  void begin_anew();
  void on_data(port::Message message);
  void finish(TransferId id, Result<ClipboardContent> content);
  void refill();                                  // with mutex_ held
  void put(std::span<const std::byte> messages);  // into out_, so that no hello comes about
  void append(std::span<const std::byte> messages);
  void wake() const noexcept;

  const UniqueFd port_;
  const UniqueFd wake_;
  ClipboardEvents* events_ = nullptr;

  std::mutex mutex_;
  std::optional<policy::FormatSet> offer_;  // to be told
  policy::FormatSet ours_;                  // what the desktop was last told
  std::vector<std::byte> small_;            // messages that wait, but for data
  std::deque<Answering> answering_;
  std::map<TransferId, Asked> asked_;
  bool greeted_ = false;

  // ---- the thread's own
  port::GreetingGuard guard_;
  port::Reader reader_;
  std::vector<std::byte> out_;
  std::size_t written_ = 0;
  Clock::Steady greet_at_{};
  std::jthread thread_;  // last: it uses the others
};

}  // namespace tobari::display
