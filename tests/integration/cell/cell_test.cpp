// SPDX-License-Identifier: GPL-3.0-or-later
// The cell is tried from inside, by what a program that was taken over would do: against all walls, and against each
// wall alone that is said to hold. What any process may do is first done without walls, so that its failing means
// something.
#include "cell/cell.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "cell/landlock.h"
#include "cell/name_spaces.h"
#include "cell/system_calls.h"
#include "escapes.h"
#include "outside.h"

namespace tobari::display::testing {
namespace {

constexpr uid_t kUser = 64'999;
constexpr int kNoWall = 200;  // exit status: the walls could not be put up

Result<void> put_up(unsigned walls) {
  if (walls == kAll) {
    TOBARI_ASSIGN(const auto report, enter_cell());
    return report.no_name_spaces.empty() ? Result<void>{} : fail(Errc::kUnavailable, report.no_name_spaces);
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno(errno, "give up new privileges");
  if ((walls & kNameSpaces) != 0) TOBARI_TRY(enter_name_spaces());
  if ((walls & kLandlock) != 0) {
    TOBARI_ASSIGN([[maybe_unused]] const int abi, deny_by_landlock());
  }
  if ((walls & kSystemCalls) != 0) {
    TOBARI_ASSIGN([[maybe_unused]] const std::size_t calls, limit_system_calls());
  }
  return {};
}

struct Ended {
  int signal = 0;
  int status = 0;  // what `act` gave
};

// `act` in a process of its own, behind the walls.
Ended behind(unsigned walls, const std::function<int()>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    become_user(kUser);
    if (const auto up = put_up(walls); !up) {
      std::fprintf(stderr, "%s\n", up.error().message.c_str());
      ::_exit(kNoWall);
    }
    ::_exit(std::min(act(), 199));
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return {WIFSIGNALED(status) ? WTERMSIG(status) : 0, WIFEXITED(status) ? WEXITSTATUS(status) : 0};
}

Outside& outside() {
  static Outside all(kUser);
  return all;
}

bool held(const Ended& end) {
  return end.signal == SIGSYS || (end.signal == 0 && end.status != 0 && end.status != kNoWall);
}

class CellEscape : public ::testing::TestWithParam<Escape> {};

TEST_P(CellEscape, IsHeldByTheCellAndByEachOfItsWalls) {
  const Escape& escape = GetParam();
  Outside& there = outside();  // made here, not in the child
  const auto attempt = [&escape, &there] { return escape.attempt(there); };
  there.make_victim();
  if (escape.open_without_walls) {
    const Ended open = behind(kNone, attempt);
    EXPECT_EQ(open.signal, 0);
    EXPECT_EQ(open.status, 0) << "without walls: " << std::strerror(open.status);
  }
  for (const unsigned wall : {kNameSpaces, kLandlock, kSystemCalls, kAll}) {
    if ((escape.held_by & wall) == 0) continue;
    there.make_victim();
    const Ended end = behind(wall, attempt);
    EXPECT_TRUE(held(end)) << "wall " << wall << ": signal " << end.signal << ", status " << end.status;
  }
}

std::string name_of(const ::testing::TestParamInfo<Escape>& info) {
  std::string name = info.param.name;
  std::ranges::replace_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, CellEscape, ::testing::ValuesIn(escapes().begin(), escapes().end()), name_of);

TEST(Cell, LeavesAtMostFortySystemCalls) {
  const Ended end = behind(kNone, [] {
    const auto report = enter_cell();
    return report ? static_cast<int>(report->system_calls) : kNoWall;
  });
  EXPECT_EQ(end.signal, 0);
  EXPECT_GT(end.status, 20);
  EXPECT_LE(end.status, static_cast<int>(kMaxSystemCalls));
}

// What a display needs once it has started.
int daily_work() {
  std::vector<char> memory(std::size_t{64} << 20, 'x');
  char* grown = static_cast<char*>(std::malloc(std::size_t{1} << 20));
  for (std::size_t size = std::size_t{2} << 20; size <= std::size_t{64} << 20 && grown != nullptr; size *= 2) {
    grown = static_cast<char*>(std::realloc(grown, size));
  }
  if (grown == nullptr) return 1;
  std::free(grown);
  int sum = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&sum, i] {
      if (i == 7) sum = 42;
    });
  for (std::thread& thread : threads) thread.join();
  if (sum != 42) return 2;
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) return 3;
  char byte = 'a';
  if (::send(pair[0], &byte, 1, 0) != 1 || ::recv(pair[1], &byte, 1, 0) != 1) return 4;
  if (::eventfd(0, EFD_CLOEXEC) < 0) return 5;
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return memory[1000] == 'x' ? 0 : 6;
}

TEST(Cell, LeavesMemoryThreadsAndItsSockets) {
  const Ended end = behind(kAll, daily_work);
  EXPECT_EQ(end.signal, 0);
  EXPECT_EQ(end.status, 0);
}

// A picture of the guest arrives as a descriptor of memory, over a socket that was there before.
TEST(Cell, ReceivesMemoryOfOthersAndMapsIt) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair.data()), 0);
  const int memory = ::memfd_create("picture", 0);
  ASSERT_EQ(::ftruncate(memory, 4096), 0);
  ASSERT_EQ(::pwrite(memory, "p", 1, 0), 1);
  char byte = 'm';
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> space{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space.data();
  message.msg_controllen = space.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &memory, sizeof memory);
  ASSERT_EQ(::sendmsg(pair[0], &message, 0), 1);
  const Ended end = behind(kAll, [&] {
    if (::recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC) != 1) return 1;
    int got = -1;
    std::memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof got);
    void* page = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, got, 0);
    return page != MAP_FAILED && *static_cast<char*>(page) == 'p' ? 0 : 2;
  });
  EXPECT_EQ(end.signal, 0);
  EXPECT_EQ(end.status, 0);
  ::close(memory);
  ::close(pair[0]);
  ::close(pair[1]);
}

}  // namespace
}  // namespace tobari::display::testing
