// SPDX-License-Identifier: GPL-3.0-or-later
// What a client does with keyboard and pointer, over three desktops side by side, each with the queue that waits before
// a machine. The input is a program: a byte that says what happens, then its operands. Properties: one event becomes
// few; positions lie on the desktop that gets them; queues are bounded; when a client is gone nothing stays pressed.
#include <array>
#include <bitset>
#include <variant>

#include "capture/input_queue.h"
#include "input.h"
#include "rdp/input_map.h"
#include "session/input_router.h"

namespace {

using namespace tobari::display;
using tobari::fuzz::Input;
using tobari::fuzz::require;

constexpr std::size_t kMostWaiting = InputQueue::kMaxWaiting + 256 + 9;  // and the release of whatever is pressed

class Desk final : public InputSink {
 public:
  void key(const KeyEvent& event) override { take(event); }
  void move(const PointerMove& event) override {
    require(event.position.x >= 0 && event.position.x < size.width);
    require(event.position.y >= 0 && event.position.y < size.height);
    take(event);
  }
  void button(const PointerButton& event) override { take(event); }
  void set_locks(const LockState& locks) override { take(locks); }
  void release_all() override {
    queue_.release_all();
    require(queue_.size() <= kMostWaiting);
  }

  // What the machine has by now.
  void drain(std::size_t most) {
    for (; most > 0 && !queue_.empty(); --most) {
      const InputEvent event = queue_.pop();
      if (const auto* key = std::get_if<KeyEvent>(&event)) {
        keys_.set((key->scancode & 0x7FU) + (key->extended ? 128U : 0U), key->pressed);
      } else if (const auto* button = std::get_if<PointerButton>(&event)) {
        buttons_.set(static_cast<std::size_t>(button->button), button->pressed);
      }
    }
  }
  [[nodiscard]] bool nothing_pressed() const { return keys_.none() && buttons_.none(); }

  Size size{1, 1};
  std::size_t events = 0;

 private:
  template <class Event>
  void take(const Event& event) {
    ++events;
    queue_.push(event);
    require(queue_.size() <= kMostWaiting);
  }
  InputQueue queue_;
  std::bitset<256> keys_;
  std::bitset<9> buttons_;
};

class Client {
 public:
  Client() { arrange(0); }

  void act(Input& in) {
    for (Desk& desk : desks_) desk.events = 0;
    const std::uint8_t what = in.u8();
    const std::uint16_t flags = in.u16();
    switch (what % 8) {
      case 0:
        map_.key(flags, in.u8(), router_);
        break;
      case 1:
        map_.extended_mouse(flags, in.u16(), in.u16(), desktop_, router_);
        break;
      case 2:
        map_.locks(flags, router_);
        break;
      case 3:
        arrange(flags);
        return;
      case 4:
        desks_[what / 8 % desks_.size()].drain(flags % 64U);
        return;
      case 5:
        router_.release_all();
        return;
      default:
        map_.mouse(flags, in.u16(), in.u16(), desktop_, router_);
    }
    std::size_t events = 0;
    for (const Desk& desk : desks_) events += desk.events;
    require(events <= 2 * InputMap::kMaxNotches + 8);
    require(router_.under_pointer() < desks_.size());
  }

  void leave() {
    router_.release_all();
    for (Desk& desk : desks_) {
      desk.drain(kMostWaiting);
      require(desk.nothing_pressed());
    }
  }

 private:
  // Sizes, and which of them are there, from a few bits.
  void arrange(std::uint16_t how) {
    std::vector<InputRouter::Target> targets;
    int x = 0;
    for (std::size_t i = 0; i < desks_.size(); ++i) {
      const int side = 1 + (how >> (i * 4) & 0xF) * 97;
      desks_[i].size = {side, 1000 - side / 2};
      const bool there = (how >> (12 + i) & 1) == 0;
      targets.push_back({{x, 10 * static_cast<int>(i), side, 1000 - side / 2}, there ? &desks_[i] : nullptr});
      x += side;
    }
    desktop_ = {x, 1020};
    router_.set_targets(std::move(targets), how % 4U);
  }

  std::array<Desk, 3> desks_;
  Size desktop_{1, 1};
  InputMap map_;
  InputRouter router_{[] {}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  Client client;
  while (!in.done()) client.act(in);
  client.leave();
  return 0;
}
