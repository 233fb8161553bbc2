// SPDX-License-Identifier: GPL-3.0-or-later
// A recording that is read. Not thread safe.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/recording/chain.h>
#include <tobari/recording/format.h>
#include <tobari/recording/keys.h>

namespace tobari::recording {

class Recording {
 public:
  // kNotFound, kIo; kPeerProtocol: no recording. A file that is being written may be read: what comes later is not
  // seen.
  [[nodiscard]] static Result<Recording> open(const std::filesystem::path& file);
  // `bytes` outlive it.
  [[nodiscard]] static Result<Recording> over(View bytes);
  Recording(Recording&&) noexcept;
  Recording& operator=(Recording&&) noexcept;
  ~Recording();

  [[nodiscard]] const Header& header() const noexcept;
  [[nodiscard]] std::uint64_t size() const noexcept;
  // kPermissionDenied: not for this key.
  [[nodiscard]] Result<void> unlock(const Secret& reader);

  // Everything from the first byte to the last, with unlock() also what is in the chunks. kPeerProtocol: what does not
  // fit, and where. Not ended is no error: its end may have been cut off, or its writer has died.
  struct Verified {
    std::uint64_t chunks = 0;
    std::uint64_t duration_us = 0;
    bool ended = false;
    Hash hash{};              // what the audit has
    std::uint64_t whole = 0;  // bytes of whole pieces; less than the file when that was cut within one
  };
  [[nodiscard]] Result<Verified> verify() const;

  // ---- after unlock()
  // Where one may begin, in order: from the index when it is there, otherwise from every chunk's head.
  [[nodiscard]] Result<std::vector<Point>> points() const;
  // When it ended; none: it has no end.
  [[nodiscard]] Result<std::optional<std::uint64_t>> end_us() const;

  struct Chunk {
    ChunkHead head;
    Bytes events;
    std::uint64_t next = 0;  // where the one behind begins
  };
  // kNotFound: there is no more; kPeerProtocol: damaged.
  [[nodiscard]] Result<Chunk> read(std::uint64_t offset) const;
  [[nodiscard]] static constexpr std::uint64_t first() noexcept { return kHeaderBytes; }

 private:
  class Impl;
  explicit Recording(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tobari::recording
