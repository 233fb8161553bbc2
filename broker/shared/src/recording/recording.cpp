// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/recording/recording.h>

#include <cerrno>
#include <fcntl.h>
#include <format>
#include <utility>

#include <sys/mman.h>
#include <sys/stat.h>

#include <tobari/base/unique_fd.h>

#include "packing.h"

namespace tobari::recording {
namespace {

// A file in memory. It may grow meanwhile, never shrink: recordings are only appended to.
class Mapping {
 public:
  [[nodiscard]] static Result<Mapping> open(const std::filesystem::path& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return fail_errno(errno, "open " + file.string());
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return fail_errno(errno, "look at " + file.string());
    Mapping mapping;
    mapping.size_ = static_cast<std::size_t>(info.st_size);
    if (mapping.size_ == 0) return mapping;
    mapping.data_ = ::mmap(nullptr, mapping.size_, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (mapping.data_ == MAP_FAILED) return fail_errno(errno, "read " + file.string());
    return mapping;
  }
  Mapping() = default;
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, MAP_FAILED)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Mapping() {
    if (data_ != MAP_FAILED) ::munmap(data_, size_);
  }
  [[nodiscard]] View view() const noexcept {
    return data_ == MAP_FAILED ? View{} : View{static_cast<const std::byte*>(data_), size_};
  }

 private:
  void* data_ = MAP_FAILED;
  std::size_t size_ = 0;
};

}  // namespace

class Recording::Impl {
 public:
  Mapping mapping_;
  View bytes_;
  Header header_;
  std::optional<Secret> key_;

  Result<void> begin(View bytes) {
    bytes_ = bytes;
    if (bytes_.size() < kHeaderBytes) return fail(Errc::kPeerProtocol, "this is no recording: it is too short");
    TOBARI_ASSIGN(header_, parse_header(bytes_));
    return {};
  }

  [[nodiscard]] Result<Bytes> content(const ChunkHead& head, View piece) const {
    const View body = piece.subspan(kChunkHeadBytes);
    auto plain = decrypt(body, piece.first(kChunkHeadBytes), head.number, *key_);
    if (!plain) return fail(Errc::kPeerProtocol, std::format("chunk {} was changed", head.number));
    return unpack(*plain);
  }

  // The piece at `offset`; kNotFound when it is not all there.
  [[nodiscard]] Result<std::pair<ChunkHead, View>> chunk_at(std::uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < kChunkHeadBytes) {
      return fail(Errc::kNotFound, "the recording has no more chunks");
    }
    const View rest = bytes_.subspan(offset);
    TOBARI_ASSIGN(const ChunkHead head, parse_chunk_head(rest));
    if (rest.size() - kChunkHeadBytes < head.body) return fail(Errc::kNotFound, "the last chunk is cut");
    return std::pair(head, rest.first(kChunkHeadBytes + head.body));
  }

  // Of the last chunk, when the file has its trailer.
  [[nodiscard]] std::optional<std::uint64_t> end_chunk() const {
    if (bytes_.size() < kHeaderBytes + kTrailerBytes) return std::nullopt;
    const auto at = parse_trailer(bytes_.last(kTrailerBytes));
    return at ? std::optional(*at) : std::nullopt;
  }

  // kNotFound: there is none.
  [[nodiscard]] Result<std::pair<ChunkHead, std::vector<Point>>> index() const {
    const auto at = end_chunk();
    if (!at) return fail(Errc::kNotFound, "the recording has no end");
    TOBARI_ASSIGN(const auto found, chunk_at(*at));
    if ((found.first.flags & kEnd) == 0) return fail(Errc::kPeerProtocol, "the trailer leads to no end");
    TOBARI_ASSIGN(const Bytes events, content(found.first, found.second));
    Events all(events);
    for (;;) {
      TOBARI_ASSIGN(const auto event, all.next());
      if (!event) return fail(Errc::kPeerProtocol, "the end has no index");
      if (event->type != EventType::kIndex) continue;
      TOBARI_ASSIGN(auto points, parse_points(event->data));
      return std::pair(found.first, std::move(points));
    }
  }

  // Without an index: every head is looked at, and nothing else.
  [[nodiscard]] Result<std::vector<Point>> scan() const {
    std::vector<Point> points;
    for (std::uint64_t offset = first();;) {
      const auto found = chunk_at(offset);
      if (!found && found.error().code == Errc::kNotFound) return points;
      if (!found) return std::unexpected(found.error());
      const ChunkHead& head = found->first;
      if ((head.flags & (kStart | kLayout)) != 0 && points.size() < kMaxPoints) {
        points.push_back({.offset = offset, .time_us = head.time_us, .flags = head.flags});
      }
      offset += found->second.size();
    }
  }
};

Recording::Recording(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Recording::Recording(Recording&&) noexcept = default;
Recording& Recording::operator=(Recording&&) noexcept = default;
Recording::~Recording() = default;

Result<Recording> Recording::open(const std::filesystem::path& file) {
  TOBARI_ASSIGN(Mapping mapping, Mapping::open(file));
  auto impl = std::make_unique<Impl>();
  impl->mapping_ = std::move(mapping);
  if (auto begun = impl->begin(impl->mapping_.view()); !begun) {
    return context(std::move(begun).error(), file.string());
  }
  return Recording(std::move(impl));
}

Result<Recording> Recording::over(View bytes) {
  auto impl = std::make_unique<Impl>();
  TOBARI_TRY(impl->begin(bytes));
  return Recording(std::move(impl));
}

const Header& Recording::header() const noexcept { return impl_->header_; }
std::uint64_t Recording::size() const noexcept { return impl_->bytes_.size(); }

Result<void> Recording::unlock(const Secret& reader) {
  TOBARI_ASSIGN(impl_->key_, unseal(impl_->header_, reader));
  return {};
}

Result<Recording::Verified> Recording::verify() const {
  Chain chain;
  View left = impl_->bytes_;
  while (!left.empty()) {
    TOBARI_ASSIGN(const std::size_t size, chain.next_size(left));
    if (size == 0 || size > left.size()) break;  // cut within a piece
    const View piece = left.first(size);
    TOBARI_ASSIGN(const Chain::Piece taken, chain.take(piece));
    if (taken.kind == Chain::Kind::kChunk && impl_->key_) TOBARI_TRY(impl_->content(taken.head, piece));
    left = left.subspan(size);
  }
  return Verified{chain.chunks(), chain.time_us(), chain.ended(), chain.hash(), chain.bytes()};
}

Result<std::vector<Point>> Recording::points() const {
  if (!impl_->key_) return fail(Errc::kPermissionDenied, "the recording is locked");
  auto indexed = impl_->index();
  if (indexed) return std::move(indexed->second);
  if (indexed.error().code != Errc::kNotFound) return std::unexpected(indexed.error());
  return impl_->scan();
}

Result<std::optional<std::uint64_t>> Recording::end_us() const {
  const auto at = impl_->end_chunk();
  if (!at) return std::optional<std::uint64_t>();
  TOBARI_ASSIGN(const auto found, impl_->chunk_at(*at));
  return std::optional(found.first.time_us);
}

Result<Recording::Chunk> Recording::read(std::uint64_t offset) const {
  if (!impl_->key_) return fail(Errc::kPermissionDenied, "the recording is locked");
  TOBARI_ASSIGN(const auto found, impl_->chunk_at(offset));
  TOBARI_ASSIGN(Bytes events, impl_->content(found.first, found.second));
  return Chunk{found.first, std::move(events), offset + found.second.size()};
}

}  // namespace tobari::recording
