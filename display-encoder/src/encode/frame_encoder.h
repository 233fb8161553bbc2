// SPDX-License-Identifier: GPL-3.0-or-later
// Turns changed areas into commands for one client: the one thing that a session calls to encode.
//
// The rule, in order. What only moved is copied by the client (kCopy). Tiles that it has seen before come from its
// cache (kRecall). An area of one colour is kSolid. An area that moves, is large and is no drawing (video_areas.h) is
// AVC420, or progressive for a client without it. A photograph that stands still is progressive when the line would
// need too long for it as it is (loss_rule.h). What was sent with loss is sent again without, the newest first, once it
// has rested. All else is lossless at once: ClearCodec where neighbouring pixels are often equal (text, drawn
// interfaces), planar where they are not (photographs), uncompressed for a client that has neither.
//
// Call order: encode() when something changed, refine() when next_refinement() has come and nothing else is to be
// sent. Both look at the same private picture (TileDiff::picture()), and what they return must be sent, in order.
// Neither blocks, has a clock of its own or allocates without bound; not thread safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include <tobari/display/encoder.h>
#include <tobari/display/frame.h>
#include <tobari/display/move.h>
#include <tobari/display/region.h>

namespace tobari::display {

struct ConnectionEncoders;

class FrameEncoder {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // One frame's data is at most this; what does not fit is owed (see next_refinement()).
  static constexpr std::size_t kFrameByteBudget = 4u << 20;
  // One refinement's data: small, so that a key press never waits behind more than this.
  static constexpr std::size_t kRefineByteBudget = 128u << 10;
  // The same where a frame may have four times as much.
  static constexpr std::size_t kLargestRefinement = 256u << 10;
  // A change of at most so many pixels answers a person: it goes first.
  static constexpr long kPromptArea = 256L * 256;

  // `shared`: what this encoder has in common with those of the other surfaces of the same connection, used by the same
  // thread; without it the surface is the connection's only one.
  FrameEncoder(Size size, ClientCodecs codecs, std::shared_ptr<ConnectionEncoders> shared = nullptr);
  ~FrameEncoder();
  FrameEncoder(const FrameEncoder&) = delete;
  FrameEncoder& operator=(const FrameEncoder&) = delete;

  // Another connection: nothing of what was sent counts any more, caches included. As after construction, the caller
  // then has everything encoded: encode(picture, Region(bounds(size)), now).
  void reset(Size size, ClientCodecs codecs);

  // The same connection with a new surface (after ResetGraphics): caches and sequence numbers go on, as they do at the
  // client. Everything is to be encoded again.
  void resize(Size size);

  // From now on nothing refers to what was sent before, but for the pixels on the surface themselves: a decoder that
  // has those can begin here. With ConnectionEncoders::start_anew().
  void start_anew();

  // What the line carries, bytes a second, as far as it is known: to be told whenever that changed.
  void set_line_rate(std::optional<std::size_t> bytes_per_second);

  // `picture` has the size last given; `changed` is what differs from what this encoder was last shown, after `moves`
  // were carried out on that (none for a client that cannot copy: see copies()). `now` never goes back. Returns some
  // `budget` bytes (a piece is not cut; never more than kFrameByteBudget); the rest is owed. A small change goes before
  // what is owed, a large one behind it, so that no part of the picture waits for ever.
  [[nodiscard]] EncodedFrame encode(const FrameView& picture, const Region& changed, Time now,
                                    std::size_t budget = kFrameByteBudget, std::span<const Move> moves = {});
  [[nodiscard]] bool copies() const noexcept;

  // Sends a slice of what is owed: areas left over by the budget, or sent with loss and at rest now. Empty when nothing
  // is due.
  [[nodiscard]] EncodedFrame refine(const FrameView& picture, Time now, std::size_t budget = kRefineByteBudget);

  // When refine() has something to do; none: the client has exactly what encode() was shown. May lie in the past.
  [[nodiscard]] std::optional<Time> next_refinement() const;

  // Where the client's picture is not exact (lossy or owed).
  [[nodiscard]] Region inexact() const;

  // Gives back the memory of a video encoder that has not been used for some seconds; true: there is one still, so call
  // again later (a second or so). Cheap.
  bool trim(Time now);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tobari::display
