// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/guarded_mapping.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <format>
#include <mutex>

#include <sys/mman.h>
#include <sys/stat.h>

#include <tobari/base/invariant.h>

namespace tobari::display {
namespace {

// What the signal handler may look at: a fixed table of atomics. A slot is published by `end` (written last).
struct Slot {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};
  std::atomic<bool> broken{false};
};
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

std::array<Slot, kMaxGuardedMappings> slots;  // NOLINT: the handler has no other way to it
std::mutex slots_mutex;                       // guards taking and giving back, never taken by the handler
struct sigaction previous_action;             // what SIGBUS did before; written once, before the handler is there

// Async-signal-safe: atomics and mmap, which is a plain system call here. The whole mapping becomes zeros at once, so a
// reader faults at most once.
bool replace_with_zeros(std::uintptr_t address) noexcept {
  for (Slot& slot : slots) {
    const std::uintptr_t end = slot.end.load(std::memory_order_acquire);
    const std::uintptr_t begin = slot.begin.load(std::memory_order_relaxed);
    if (address < begin || address >= end) continue;
    slot.broken.store(true, std::memory_order_release);
    void* at = reinterpret_cast<void*>(begin);  // NOLINT(performance-no-int-to-ptr)
    return mmap(at, end - begin, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at;
  }
  return false;
}

void on_sigbus(int number, siginfo_t* info, void* context) {
  const int kept_errno = errno;
  const bool ours = replace_with_zeros(reinterpret_cast<std::uintptr_t>(info->si_addr));
  errno = kept_errno;
  if (ours) return;
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(number, info, context);
  } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(number);
  } else {
    sigaction(SIGBUS, &previous_action, nullptr);  // the access faults again, and that is the end
  }
}

void install_handler() {
  static const bool installed = [] {
    sigaction(SIGBUS, nullptr, &previous_action);
    struct sigaction action{};
    action.sa_sigaction = on_sigbus;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGBUS, &action, nullptr) == 0;
  }();
  TOBARI_INVARIANT(installed);
}

Result<void> check_file(int fd, std::size_t length) {
  // Only memory files know seals; a file on a disk or a network can make its reader wait for ever.
  if (fcntl(fd, F_GET_SEALS) < 0) return fail(Errc::kPeerProtocol, "the shared picture is not a memory file");
  struct stat status{};
  if (fstat(fd, &status) != 0) return fail_errno(errno, "look at the shared picture");
  if (!S_ISREG(status.st_mode) || status.st_size < 0 || static_cast<std::uint64_t>(status.st_size) < length) {
    return fail(Errc::kPeerProtocol,
                std::format("the shared picture has {} bytes where {} are needed", status.st_size, length));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const GuardedMapping>> GuardedMapping::map(int fd, std::size_t length) {
  TOBARI_TRY(check_file(fd, length));
  install_handler();
  const std::lock_guard lock(slots_mutex);
  std::size_t index = 0;
  while (index < slots.size() && slots[index].end.load(std::memory_order_relaxed) != 0) ++index;
  if (index == slots.size()) return fail(Errc::kExhausted, "too many shared pictures at a time");
  void* data = mmap(nullptr, length, PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return fail_errno(errno, "map the shared picture");
  Slot& slot = slots[index];
  slot.broken.store(false, std::memory_order_relaxed);
  slot.begin.store(reinterpret_cast<std::uintptr_t>(data), std::memory_order_relaxed);
  slot.end.store(reinterpret_cast<std::uintptr_t>(data) + length, std::memory_order_release);
  return std::shared_ptr<const GuardedMapping>(new GuardedMapping(static_cast<const std::byte*>(data), length, index));
}

GuardedMapping::~GuardedMapping() {
  const std::lock_guard lock(slots_mutex);
  slots[slot_].end.store(0, std::memory_order_release);
  munmap(const_cast<std::byte*>(data_), size_);
}

void GuardedMapping::forget_pages() const noexcept {
  static_cast<void>(::madvise(const_cast<std::byte*>(data_), size_, MADV_DONTNEED));
}

bool GuardedMapping::broken() const noexcept { return slots[slot_].broken.load(std::memory_order_acquire); }

}  // namespace tobari::display
