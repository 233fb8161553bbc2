// SPDX-License-Identifier: GPL-3.0-or-later
#include "frames/ledger.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <sys/mman.h>
#include <sys/stat.h>

#include <tobari/base/unique_fd.h>

namespace tobari::testing {
namespace {

constexpr std::size_t kFramesAt = 4096;  // in the file
constexpr std::size_t kSamplesAt = kFramesAt + FrameLedger::kMaxFrames * sizeof(FrameLedger::Frame);

std::size_t bytes_of(Area area) {
  return static_cast<std::size_t>(area.width) * static_cast<std::size_t>(area.height) * 4;
}

Result<std::byte*> map(int fd, std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return fail_errno(errno, "map a ledger");
  return static_cast<std::byte*>(memory);
}

}  // namespace

// It appears under its name when it is whole.
Result<FrameLedger> FrameLedger::create(const std::string& path, int width, int height, Area moving) {
  if (moving.width <= 0) moving = {0, 0, width, height};
  const std::string making = path + ".new";
  const UniqueFd fd(::open(making.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return fail_errno(errno, "make " + making);
  const std::size_t bytes = kSamplesAt + kSamples * bytes_of(moving);
  if (::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) return fail_errno(errno, "size " + making);
  TOBARI_ASSIGN(std::byte * memory, map(fd.get(), bytes));
  FrameLedger ledger(memory, bytes);
  ledger.header().moving = moving;
  if (::rename(making.c_str(), path.c_str()) != 0) return fail_errno(errno, "name " + path);
  return ledger;
}

Result<FrameLedger> FrameLedger::open(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return fail(Errc::kNotFound, "no ledger at " + path);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0 || static_cast<std::size_t>(info.st_size) < kSamplesAt)
    return fail(Errc::kNotFound, "no ledger in " + path);
  const auto bytes = static_cast<std::size_t>(info.st_size);
  TOBARI_ASSIGN(std::byte * memory, map(fd.get(), bytes));
  return FrameLedger(memory, bytes);
}

FrameLedger::FrameLedger(FrameLedger&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), bytes_(other.bytes_) {}

FrameLedger::~FrameLedger() {
  if (memory_ != nullptr) ::munmap(memory_, bytes_);
}

FrameLedger::Frame& FrameLedger::frame(std::uint32_t number) noexcept {
  return reinterpret_cast<Frame*>(memory_ + kFramesAt)[number < kMaxFrames ? number : 0];
}

void FrameLedger::about_to_draw(std::uint32_t number, std::int64_t at_ns, std::uint64_t hash) noexcept {
  if (number == 0 || number >= kMaxFrames) return;
  frame(number).hash = hash;
  frame(number).drawn_ns = at_ns;
}

void FrameLedger::drawn(std::uint32_t number, std::int64_t at_ns) noexcept {
  if (number == 0 || number >= kMaxFrames) return;
  frame(number).drawn_ns = at_ns;
  header().last.store(number, std::memory_order_release);
}

std::size_t FrameLedger::sample_bytes() const noexcept { return bytes_of(header().moving); }

std::byte* FrameLedger::sample_at(std::uint32_t slot) const noexcept {
  return memory_ + kSamplesAt + slot * sample_bytes();
}

std::span<const std::byte> FrameLedger::sample(std::uint32_t number) noexcept {
  const std::uint32_t slot = number / kSampleEvery % kSamples;
  if (header().samples[slot] != number) return {};
  return {sample_at(slot), sample_bytes()};
}

void FrameLedger::keep_sample(std::uint32_t number, const std::byte* picture, std::size_t stride) noexcept {
  if (number % kSampleEvery != 0) return;
  const std::uint32_t slot = number / kSampleEvery % kSamples;
  const Area area = header().moving;
  header().samples[slot] = 0;
  const std::size_t row = static_cast<std::size_t>(area.width) * 4;
  for (int y = 0; y < area.height; ++y) {
    std::memcpy(sample_at(slot) + static_cast<std::size_t>(y) * row,
                picture + static_cast<std::size_t>(area.y + y) * stride + static_cast<std::size_t>(area.x) * 4, row);
  }
  header().samples[slot] = number;
}

}  // namespace tobari::testing
