// SPDX-License-Identifier: GPL-3.0-or-later
// Makes a recording's bytes. No I/O: whoever has them writes them, in order and all of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/recording/format.h>
#include <tobari/recording/keys.h>

namespace tobari::recording {

// Not thread safe. The recording's key lives in here and nowhere else, and goes with it.
class Sealer {
 public:
  // kInvalidArgument: `session` is no UUID.
  [[nodiscard]] static Result<Sealer> create(const PublicKey& reader, const std::string& session,
                                             std::int64_t begun_ms);
  Sealer(Sealer&&) noexcept;
  Sealer& operator=(Sealer&&) noexcept;
  ~Sealer();

  [[nodiscard]] const Bytes& header() const noexcept;

  struct Chunk {
    std::uint64_t time_us = 0;  // of its first event; never before the chunk's before
    std::uint8_t flags = 0;     // kStart, kLayout
    std::uint16_t width = 0;    // of the desktop, for the index; with one of the flags
    std::uint16_t height = 0;
  };
  // `events`: put_event(), at most kMaxContent bytes.
  [[nodiscard]] Bytes seal(const Chunk& chunk, View events);
  // The last chunk, with index and reason, and the trailer.
  [[nodiscard]] Bytes finish(std::uint64_t time_us, const std::string& reason);

 private:
  class Impl;
  explicit Sealer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tobari::recording
