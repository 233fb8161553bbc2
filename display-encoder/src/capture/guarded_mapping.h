// SPDX-License-Identifier: GPL-3.0-or-later
// A read-only mapping of somebody else's file that survives its being cut short.
//
// Whoever shares a file may truncate it at any time, and reading beyond its end is SIGBUS. Seals cannot rule that out:
// QEMU makes its memfds without MFD_ALLOW_SEALING. So a SIGBUS inside a guarded mapping puts zero pages in its place
// and marks it broken; the reader reads on and finds out from broken(). Any other SIGBUS is what it was before.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include <tobari/base/result.h>

namespace tobari::display {

inline constexpr std::size_t kMaxGuardedMappings = 64;  // in one process at a time; more is kExhausted

class GuardedMapping {
 public:
  // Maps the first `length` bytes. kPeerProtocol when `fd` is no memory file (a memfd or a file of a tmpfs: others may
  // block whoever reads them) or is shorter than that.
  [[nodiscard]] static Result<std::shared_ptr<const GuardedMapping>> map(int fd, std::size_t length);
  ~GuardedMapping();
  GuardedMapping(const GuardedMapping&) = delete;
  GuardedMapping& operator=(const GuardedMapping&) = delete;

  [[nodiscard]] const std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void forget_pages() const noexcept;  // out of our page tables, until they are read again; the file keeps them
  [[nodiscard]] bool broken() const noexcept;

 private:
  GuardedMapping(const std::byte* data, std::size_t size, std::size_t slot) : data_(data), size_(size), slot_(slot) {}
  const std::byte* data_;
  std::size_t size_;
  std::size_t slot_;
};

}  // namespace tobari::display
