// SPDX-License-Identifier: GPL-3.0-or-later
// One client's clipboard channel (MS-RDPECLIP), server side: the client's end of the session's clipboard. What may pass
// is not decided here. No I/O and no thread; the peer's thread calls it.
//
// Ours rather than FreeRDP's server class, whose thread and queue have no bounds, and because what a client sends that
// nobody asked for must end its session (D11 has the same for sound).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

#include <tobari/base/result.h>
#include <tobari/display/clipboard.h>

#include "rdp/cliprdr_pdu.h"

namespace tobari::display {

class ClipboardChannel final : public ClipboardEnd {
 public:
  // Pieces of a static channel are no longer (MS-RDPBCGR 2.2.6.1; the default that every client keeps).
  static constexpr std::size_t kPiece = 1600;

  explicit ClipboardChannel(ClipboardEvents& events) noexcept : events_(events) {}

  void open();   // greets; the client says next what it has
  void close();  // what is under way is void; what the client still sends is answered with a no
  [[nodiscard]] bool is_open() const noexcept { return state_ == State::kOpen; }

  // One piece of a message of `total` bytes as MS-RDPBCGR 2.2.6.1 has it. An error ends the session:
  // kPermissionDenied: it pushes what nobody asked for.
  [[nodiscard]] Result<void> receive(std::span<const std::byte> piece, std::size_t total, bool first, bool last);

  // What is to be sent next; none: nothing. The rest of a large message waits while others use the line.
  struct Piece {
    std::span<const std::byte> data;  // until the next call of anything
    std::size_t total = 0;            // of its message
    bool first = false;
    bool last = false;
  };
  [[nodiscard]] std::optional<Piece> next();
  [[nodiscard]] bool has_more() const noexcept { return !out_.empty(); }

  // ---- ClipboardEnd
  void offer(policy::FormatSet formats) override;
  void ask(TransferId id, policy::Format format, std::size_t most) override;
  void answer(TransferId id, std::optional<ClipboardContent> content) override;

 private:
  enum class State : std::uint8_t { kNew, kOpen, kClosed };
  struct Asked {  // by us
    TransferId id;
    policy::Format format;
    std::size_t most;
  };
  struct Wanted {  // by the client, in its order: the protocol has no other way to say which answer is which
    TransferId id = 0;
    policy::Format format{};
    bool answered = false;
    std::optional<ClipboardContent> content{};
  };

  [[nodiscard]] Result<void> begin(std::span<const std::byte> piece, std::size_t total);
  [[nodiscard]] Result<void> handle(std::span<const std::byte> body);
  [[nodiscard]] Result<void> on_list(std::span<const std::byte> body);
  [[nodiscard]] Result<void> on_request(std::span<const std::byte> body);
  [[nodiscard]] Result<void> on_data(std::span<const std::byte> body);
  void finish_asked(Result<ClipboardContent> content);
  void ask_next();
  void answer_in_order();
  clip::Bytes& new_message();

  ClipboardEvents& events_;
  State state_ = State::kNew;
  bool long_names_ = false;
  clip::FormatIds client_;  // what it has
  policy::FormatSet ours_;  // what we have told it that we have
  // A client says first how it writes lists, and what it has: ours waits for that.
  bool listed_ = false;
  std::optional<policy::FormatSet> waiting_;

  std::deque<Asked> asked_;  // the first one is under way
  bool under_way_ = false;
  bool late_ = false;  // an answer that nobody waits for any more may still come
  std::deque<Wanted> wanted_;
  TransferId next_wanted_ = 1;

  clip::Header header_;
  clip::Bytes in_;
  std::size_t total_ = 0;
  std::size_t arrived_ = 0;
  bool skipping_ = false;  // a message of which nothing is kept

  std::deque<clip::Bytes> out_;
  std::size_t sent_ = 0;  // of the first of them
};

}  // namespace tobari::display
