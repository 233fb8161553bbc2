// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/recording/sealer.h>

#include <algorithm>
#include <utility>

#include <tobari/base/random.h>

#include "packing.h"

namespace tobari::recording {

class Sealer::Impl {
 public:
  Impl(const PublicKey& reader, const std::string& session, std::int64_t begun_ms) {
    ContentKey made = make_content_key(reader);
    key_ = made.key;
    put(Header{begun_ms, session, reader.bytes, made.sealed}, header_);
    hash_ = hash_of(header_);
    bytes_ = header_.size();
  }

  Bytes chunk(std::uint64_t time_us, std::uint8_t flags, View events) {
    const Bytes packed = pack(events);
    Bytes out;
    out.reserve(kChunkHeadBytes + packed.size() + kTagBytes);
    put(ChunkHead{static_cast<std::uint32_t>(packed.size() + kTagBytes), number_, time_us, flags, hash_}, out);
    const Bytes body = encrypt(packed, out, number_, key_);
    out.insert(out.end(), body.begin(), body.end());
    hash_ = hash_of(out);
    bytes_ += out.size();
    ++number_;
    return out;
  }

  void note(const Chunk& chunk) {
    if ((chunk.flags & (kStart | kLayout)) == 0) return;
    if (points_.size() >= kMaxPoints) thin_out();
    points_.push_back({bytes_, chunk.time_us, chunk.flags, chunk.width, chunk.height});
  }

  Bytes header_;
  std::vector<Point> points_;
  std::uint64_t bytes_ = 0;  // of everything so far

 private:
  void thin_out() {
    std::vector<Point> kept;
    for (std::size_t i = 0; i < points_.size(); i += 2) kept.push_back(points_[i]);
    points_ = std::move(kept);
  }

  Secret key_;
  Hash hash_{};
  std::uint64_t number_ = 0;
};

Sealer::Sealer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Sealer::Sealer(Sealer&&) noexcept = default;
Sealer& Sealer::operator=(Sealer&&) noexcept = default;
Sealer::~Sealer() = default;

Result<Sealer> Sealer::create(const PublicKey& reader, const std::string& session, std::int64_t begun_ms) {
  if (!is_uuid(session)) return fail(Errc::kInvalidArgument, "a recording needs its session's id");
  return Sealer(std::make_unique<Impl>(reader, session, begun_ms));
}

const Bytes& Sealer::header() const noexcept { return impl_->header_; }

Bytes Sealer::seal(const Chunk& chunk, View events) {
  impl_->note(chunk);
  return impl_->chunk(chunk.time_us, chunk.flags, events);
}

Bytes Sealer::finish(std::uint64_t time_us, const std::string& reason) {
  Bytes events;
  put_event(EventType::kReason, time_us, std::as_bytes(std::span(reason)), events);
  Bytes points;
  put_points(impl_->points_, points);
  put_event(EventType::kIndex, time_us, points, events);
  const std::uint64_t at = impl_->bytes_;
  Bytes out = impl_->chunk(time_us, kEnd, events);
  put_trailer(at, out);
  return out;
}

}  // namespace tobari::recording
