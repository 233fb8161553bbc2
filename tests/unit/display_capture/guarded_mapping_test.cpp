// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/guarded_mapping.h"

#include <array>
#include <atomic>
#include <csignal>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <tobari/base/unique_fd.h>

namespace tobari::display {
namespace {

constexpr std::size_t kPage = 4096;

UniqueFd memory(std::size_t size) {
  UniqueFd fd(memfd_create("guarded", MFD_CLOEXEC));
  EXPECT_EQ(ftruncate(fd.get(), static_cast<off_t>(size)), 0);
  return fd;
}

// Volatile: a sum that nobody looks at would not be read at all.
unsigned sum(const GuardedMapping& mapping) {
  unsigned result = 0;
  const volatile std::byte* data = mapping.data();
  for (std::size_t i = 0; i < mapping.size(); ++i) {
    const std::byte value = data[i];
    result += std::to_integer<unsigned>(value);
  }
  return result;
}

TEST(GuardedMapping, ShowsWhatIsInTheFile) {
  const UniqueFd fd = memory(2 * kPage);
  ASSERT_EQ(pwrite(fd.get(), "\x05", 1, 5000), 1);
  const auto mapping = GuardedMapping::map(fd.get(), 5001);
  ASSERT_TRUE(mapping.has_value()) << describe(mapping.error());
  EXPECT_EQ(sum(**mapping), 5U);
  EXPECT_FALSE((*mapping)->broken());
}

TEST(GuardedMapping, AFileThatIsTooShortIsRefused) {
  const UniqueFd fd = memory(kPage);
  const auto mapping = GuardedMapping::map(fd.get(), kPage + 1);
  ASSERT_FALSE(mapping.has_value());
  EXPECT_EQ(mapping.error().code, Errc::kPeerProtocol);
}

TEST(GuardedMapping, OnlyMemoryFilesAreTaken) {
  std::array<int, 2> pipe_fds{};
  ASSERT_EQ(pipe(pipe_fds.data()), 0);
  const UniqueFd readable(pipe_fds[0]);
  const UniqueFd writable(pipe_fds[1]);
  EXPECT_FALSE(GuardedMapping::map(readable.get(), 1).has_value());
  EXPECT_FALSE(GuardedMapping::map(-1, 1).has_value());
}

TEST(GuardedMapping, AFileCutShortReadsAsZeros) {
  const UniqueFd fd = memory(4 * kPage);
  ASSERT_EQ(pwrite(fd.get(), "\x07", 1, 0), 1);
  const auto mapping = GuardedMapping::map(fd.get(), 4 * kPage);
  ASSERT_TRUE(mapping.has_value());
  ASSERT_EQ(ftruncate(fd.get(), 0), 0);
  EXPECT_EQ(sum(**mapping), 0U);
  EXPECT_TRUE((*mapping)->broken());
}

TEST(GuardedMapping, ReadersInSeveralThreadsSurviveTogether) {
  const UniqueFd fd = memory(64 * kPage);
  const auto mapping = GuardedMapping::map(fd.get(), 64 * kPage);
  ASSERT_TRUE(mapping.has_value());
  std::atomic<bool> done{false};
  std::vector<std::jthread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&mapping, &done] {
      while (!done) sum(**mapping);
    });
  }
  ASSERT_EQ(ftruncate(fd.get(), kPage), 0);
  while (!(*mapping)->broken()) std::this_thread::yield();
  done = true;
}

TEST(GuardedMapping, SlotsAreGivenBack) {
  const UniqueFd fd = memory(kPage);
  std::vector<std::shared_ptr<const GuardedMapping>> held;
  for (std::size_t i = 0; i < kMaxGuardedMappings; ++i) {
    auto mapping = GuardedMapping::map(fd.get(), kPage);
    ASSERT_TRUE(mapping.has_value());
    held.push_back(*mapping);
  }
  const auto one_more = GuardedMapping::map(fd.get(), kPage);
  ASSERT_FALSE(one_more.has_value());
  EXPECT_EQ(one_more.error().code, Errc::kExhausted);
  held.pop_back();
  EXPECT_TRUE(GuardedMapping::map(fd.get(), kPage).has_value());
}

// A SIGBUS elsewhere must stay what it is: our handler may not hide it.
TEST(GuardedMapping, OtherFaultsStillEndTheProcess) {
  const UniqueFd fd = memory(kPage);
  const auto guarded = GuardedMapping::map(fd.get(), kPage);
  ASSERT_TRUE(guarded.has_value());
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const UniqueFd other = memory(kPage);
    void* plain = mmap(nullptr, kPage, PROT_READ, MAP_SHARED, other.get(), 0);
    if (ftruncate(other.get(), 0) != 0) _exit(0);
    _exit(*static_cast<volatile char*>(plain));  // faults
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) != 0) << status;  // sanitizers turn the signal into an exit
}

}  // namespace
}  // namespace tobari::display
