// SPDX-License-Identifier: GPL-3.0-or-later
// A file in which a workload writes what it drew and when, while clients on the same machine read it: for every frame
// the time at which it was on the screen; for frames after which it rests, a hash of the whole picture; and now and
// then a copy of the pixels that move, to compare with.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <tobari/base/result.h>

namespace tobari::testing {

struct Area {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

class FrameLedger {
 public:
  static constexpr std::uint32_t kMaxFrames = 1u << 16;
  static constexpr std::uint32_t kSampleEvery = 16;  // frames whose pixels are kept, the latest of them only
  static constexpr std::uint32_t kSamples = 4;

  struct Frame {
    std::atomic<std::int64_t> drawn_ns;  // steady clock; 0: not yet
    std::atomic<std::uint64_t> hash;     // 0: it does not rest here
  };

  [[nodiscard]] static Result<FrameLedger> create(const std::string& path, int width, int height, Area moving);
  [[nodiscard]] static Result<FrameLedger> open(const std::string& path);  // waits for nothing: kNotFound
  FrameLedger(FrameLedger&& other) noexcept;
  FrameLedger& operator=(FrameLedger&&) = delete;
  ~FrameLedger();

  [[nodiscard]] Area moving() const noexcept { return header().moving; }
  [[nodiscard]] Frame& frame(std::uint32_t number) noexcept;  // 1 to kMaxFrames - 1; others: a frame never drawn
  [[nodiscard]] std::uint32_t last() const noexcept { return header().last.load(std::memory_order_acquire); }
  // Before it is on the screen, because a client may be quicker than whoever draws, and afterwards.
  void about_to_draw(std::uint32_t number, std::int64_t at_ns, std::uint64_t hash) noexcept;
  void drawn(std::uint32_t number, std::int64_t at_ns) noexcept;

  // The pixels that move, packed, 4 bytes each; empty when this frame's are not kept (any more).
  [[nodiscard]] std::span<const std::byte> sample(std::uint32_t number) noexcept;
  void keep_sample(std::uint32_t number, const std::byte* picture, std::size_t stride) noexcept;

 private:
  struct Header {
    std::atomic<std::uint32_t> last;
    Area moving;
    std::atomic<std::uint32_t> samples[kSamples];  // whose they are
  };
  FrameLedger(std::byte* memory, std::size_t bytes) : memory_(memory), bytes_(bytes) {}
  [[nodiscard]] Header& header() const noexcept { return *reinterpret_cast<Header*>(memory_); }
  [[nodiscard]] std::size_t sample_bytes() const noexcept;
  [[nodiscard]] std::byte* sample_at(std::uint32_t slot) const noexcept;
  std::byte* memory_;
  std::size_t bytes_;
};

}  // namespace tobari::testing
