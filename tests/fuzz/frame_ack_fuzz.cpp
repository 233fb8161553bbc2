// SPDX-License-Identifier: GPL-3.0-or-later
// A client of the graphics pipeline that says what it likes, and the pacer and the statistics that listen to it. The
// input is a program: a byte that says what happens, then its operands; messages are well formed up to a point, or any
// bytes. Properties: what is in flight is bounded and is what was sent; a frame's budget and the time until the next
// question are bounded, so that pictures always flow; after the newest frame was acknowledged nothing is in flight.
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include <tobari/base/clock.h>

#include "input.h"
#include "pacing/pacer.h"
#include "rdp/graphics_channel.h"
#include "stats/stats_recorder.h"

namespace {

using namespace tobari::display;
using namespace std::chrono_literals;
using tobari::fuzz::Input;
using tobari::fuzz::require;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kMostRemembered = 64;
constexpr auto kMostBudget = static_cast<std::size_t>(double{Pacer::kMaxWindow} * Pacer::kMaxShrinking);
constexpr std::size_t kMostSent = std::size_t{4} << 20;  // of one message: no more is compressed in a run's time

class Server final : private DvcOutput, private GraphicsEvents {
 public:
  Server() {
    recorder_.begin_client(clock_.now());
    channel_.start();
  }

  // False when the client was dropped.
  [[nodiscard]] bool act(Input& in) {
    switch (in.u8() % 10) {
      case 0:
        return any_bytes(in);
      case 1:
        return client_says(wire({0x50, 0, 1, 0}), {});
      case 2:
        return client_says(wire({0x10, in.u8(), 0, 0, 0, 0}), {});
      case 3:
        return advertise(in);
      case 4:
        return acknowledge(in.u32(), last_ + in.u16() % 80U - 64U);
      case 5:
        return acknowledge(in.u32(), in.u32());
      case 6:
        clock_.advance(std::chrono::milliseconds(in.u16()));
        return true;
      case 7:
        set_layout(in);
        return true;
      case 8:
        unsent_ = in.u32() % (std::uint32_t{1} << 24U);
        return true;
      default:
        picture(in.u16(), in.u8());
        return true;
    }
  }

  void finish() {
    require_bounded();
    if (last_ == 0 || pacer_.in_flight() == 0) return;
    pacer_.acknowledged(last_, clock_.now());
    require(pacer_.in_flight() == 0 && pacer_.bytes_in_flight() == 0);
  }

 private:
  static Bytes wire(std::initializer_list<unsigned> values) {
    Bytes out;
    for (const unsigned value : values) out.push_back(static_cast<std::byte>(value));
    return out;
  }
  static void put(Bytes& out, std::uint32_t value, int count) {
    for (int i = 0; i < count; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
  }

  [[nodiscard]] bool client_says(Bytes pdu, std::span<const std::byte> more) {
    pdu.insert(pdu.end(), more.begin(), more.end());
    const bool taken = channel_.receive(pdu, true, true).has_value();
    require_bounded();
    return taken;
  }
  [[nodiscard]] bool any_bytes(Input& in) {
    const std::uint8_t how = in.u8();
    const bool taken = channel_.receive(in.bytes(in.u16() % 2048U), (how & 1U) == 0, (how & 2U) == 0).has_value();
    require_bounded();
    return taken;
  }
  [[nodiscard]] Bytes on_pipeline() const { return wire({0x30, pipeline_}); }
  [[nodiscard]] bool advertise(Input& in) {
    Bytes pdu = on_pipeline();
    put(pdu, 0x12, 4);
    put(pdu, 8 + 2 + 12, 4);
    put(pdu, 1, 2);
    put(pdu, (in.u8() & 1U) != 0 ? 0xA0701U : 0x80105U, 4);
    put(pdu, 4, 4);
    put(pdu, in.u32(), 4);
    return client_says(std::move(pdu), {});
  }
  [[nodiscard]] bool acknowledge(std::uint32_t queue, std::uint32_t frame) {
    Bytes pdu = on_pipeline();
    put(pdu, 0x0D, 4);
    put(pdu, 8 + 12, 4);
    put(pdu, queue, 4);
    put(pdu, frame, 4);
    put(pdu, 0, 4);
    return client_says(std::move(pdu), {});
  }
  void set_layout(Input& in) {
    const Size size{64 + in.u16() % 4096, 64 + in.u16() % 4096};
    const MonitorLayout monitors = MonitorLayout::single(size);
    if (!monitors.empty()) channel_.set_layout({monitors, {bounds(size)}});
  }

  // A frame, if the pacer lets it through: of so many bytes, but no more than it may have.
  void picture(std::size_t bytes, std::uint8_t how) {
    const auto now = clock_.now();
    const Pacer::Decision decision = pacer_.decide(now, unsent_);
    auto urgency = Pacer::Urgency::kOrdinary;
    if (!decision.go) {
      require(!decision.again || *decision.again <= now + Pacer::kMaxWait + Pacer::kSlowTrickle);
      require(decision.again || pacer_.in_flight() > 0);  // or nobody would ever ask again
      if ((how & 1U) == 0 || !pacer_.go_prompt(unsent_)) return;
      urgency = Pacer::Urgency::kPrompt;
      bytes = std::min(bytes, Pacer::kPromptBytes);
    } else {
      require(decision.budget > 0 && decision.budget <= kMostBudget);
      bytes = std::min({bytes << (how & 7U), decision.budget, kMostSent});
    }
    EncodedFrame frame;
    frame.rects.push_back({.codec = Codec::kUncompressed, .rect = {0, 0, 64, 64}, .data = Bytes(bytes), .regions = {}});
    ++last_;
    pacer_.sent(last_, bytes, (how & 8U) != 0, now, urgency);
    recorder_.sent(frame, {.id = last_, .pressed = now, .in_flight = pacer_.in_flight()}, now);
    pacer_.written(last_, channel_.send(last_, 0, frame));
    if ((how & 16U) != 0) recorder_.left(last_, now);
    require_bounded();
  }

  void require_bounded() {
    require(pacer_.in_flight() <= kMostRemembered);
    require(pacer_.in_flight() > 0 || pacer_.bytes_in_flight() == 0);
    require(pacer_.bytes_in_flight() <= std::size_t{1} << 40U);  // below zero is above this
    require(pacer_.window() >= Pacer::kMinWindow && pacer_.window() <= Pacer::kMaxWindow);
    require(pacer_.allowed_in_flight() <= Pacer::kMaxInFlight);
  }

  void send_dvc(std::span<const std::byte> pdu) override { require(pdu.size() <= 1600); }
  void on_graphics_ready(const ClientCodecs& /*codecs*/) override {
    pacer_.reset(true);
    recorder_.begin_client(clock_.now());
  }
  void on_graphics_refused() override { pacer_.reset(false); }
  void on_graphics_closed() override {
    channel_.reopen();
    ++pipeline_;
  }
  void on_graphics_ack(FrameId id) override {
    pacer_.acknowledged(id, clock_.now());
    recorder_.acknowledged(id, clock_.now());
  }
  void on_graphics_acks_suspended() override { pacer_.acks_suspended(); }
  void on_layout(const MonitorLayout& layout) override { require(!layout.empty()); }
  void on_absurd_layout(const std::string& why) override { require(!why.empty()); }

  tobari::ManualClock clock_;
  Pacer pacer_;
  StatsRecorder recorder_;
  GraphicsChannel channel_{*this, *this, {.resize = true}};
  FrameId last_ = 0;
  unsigned pipeline_ = 3;  // the first channel that GraphicsChannel makes for it
  std::size_t unsent_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  Server server;
  for (int steps = 0; !in.done() && steps < 400; ++steps) {
    if (!server.act(in)) return 0;
  }
  server.finish();
  return 0;
}
