// SPDX-License-Identifier: GPL-3.0-or-later
// A client on the clipboard channel, and a session that pastes, offers, answers and closes in between. Properties: it
// ends in an error or goes on; every ask is answered at most once; what is handed on is what it says it is; what is
// kept is bounded; messages that go out have the length that they say.
#include <map>
#include <set>

#include "filter/clipboard_content.h"
#include "input.h"
#include "rdp/clipboard_channel.h"

namespace {

using namespace tobari::display;
using tobari::fuzz::require;
using tobari::policy::Format;
using tobari::policy::FormatSet;

constexpr std::size_t kMost = 4096;

class Session final : public ClipboardEvents {
 public:
  void on_offer(FormatSet) override {}
  void on_ask(TransferId id, Format) override { wanted.push_back(id); }
  void on_answer(TransferId id, tobari::Result<ClipboardContent> content) override {
    const auto found = asked.find(id);
    require(found != asked.end());
    if (content) {
      const auto again = checked_content(found->second, *content);
      require(again.has_value());
      require(content->size() <= longest_in_windows(found->second, kMost));
    }
    asked.erase(found);
  }
  std::map<TransferId, Format> asked;
  std::vector<TransferId> wanted;
};

void read_all(ClipboardChannel& channel) {
  std::size_t left = 0;
  while (const auto piece = channel.next()) {
    if (piece->first) {
      require(left == 0);
      left = piece->total;
      require(piece->data.size() >= clip::kHeader);
      require(clip::read_header(piece->data).length + clip::kHeader == piece->total);
    }
    require(piece->data.size() <= left);
    left -= piece->data.size();
    require(piece->last == (left == 0));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tobari::fuzz::Input in(data, size);
  Session session;
  ClipboardChannel channel(static_cast<ClipboardEvents&>(session));
  TransferId next = 1;
  if (in.u8() % 8 != 0) channel.open();
  while (!in.done()) {
    const std::uint8_t what = in.u8();
    const auto format = static_cast<Format>(what / 8 % 5);
    switch (what % 8) {
      case 0:
        read_all(channel);
        break;
      case 1: {
        session.asked.emplace(next, format);
        channel.ask(next++, format, kMost);
        break;
      }
      case 2: {
        FormatSet formats = FormatSet::all();
        if (what / 8 % 2 != 0) formats = {};
        channel.offer(formats);
        break;
      }
      case 3:
        if (!session.wanted.empty()) {
          const auto content = in.bytes(in.u8());
          auto checked = checked_content(Format::kText, {content.begin(), content.end()});
          channel.answer(session.wanted.back(), checked ? std::optional(*checked) : std::nullopt);
          session.wanted.pop_back();
        }
        break;
      case 4:
        if (what / 8 == 31) {
          channel.close();
          session.asked.clear();  // void, and never heard of again
        }
        break;
      default: {
        const std::size_t total = in.u16();
        const auto piece = in.bytes(in.u16() % 1601);
        if (!channel.receive(piece, total == 0xFFFF ? piece.size() : total, what / 8 % 2 == 0, what / 16 % 2 == 0))
          return 0;
      }
    }
  }
  read_all(channel);
  return 0;
}
