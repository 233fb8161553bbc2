// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/splice_flow.h"

#include <csignal>
#include <string>

#include <gmock/gmock.h>
#include <sys/socket.h>

namespace tobari::gateway {
namespace {

using Pumped = SpliceFlow::Pumped;
constexpr std::size_t kPlenty = std::size_t{1} << 30;

struct Line {
  UniqueFd ours, theirs;
  Line() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
  }
};

class SpliceFlowTest : public testing::Test {
 protected:
  SpliceFlowTest() { ::signal(SIGPIPE, SIG_IGN); }
  static std::string read_all(int fd) {
    std::string out(std::size_t{1} << 20, '\0');
    const ssize_t got = ::recv(fd, out.data(), out.size(), MSG_DONTWAIT);
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return out;
  }
  Line from_, to_;
  PipePool pool_;
  SpliceFlow flow_{from_.ours.get(), to_.ours.get(), pool_};
};

TEST_F(SpliceFlowTest, MovesBytesAndHoldsNoPipeWhileQuiet) {
  ::send(from_.theirs.get(), "hello", 5, 0);
  EXPECT_EQ(flow_.pump(kPlenty).value(), Pumped::kWaiting);
  EXPECT_EQ(read_all(to_.theirs.get()), "hello");
  EXPECT_EQ(flow_.delivered(), 5U);
  EXPECT_EQ(pool_.idle(), 1U);
}

TEST_F(SpliceFlowTest, StopsReadingWhenTheOtherSideIsFull) {
  const std::string block(65536, 'x');
  std::size_t sent = 0;
  for (int round = 0; round < 10'000; ++round) {
    const ssize_t written = ::send(from_.theirs.get(), block.data(), block.size(), MSG_DONTWAIT);
    if (written > 0) sent += static_cast<std::size_t>(written);
    flow_.set_readable();
    ASSERT_TRUE(flow_.pump(kPlenty).has_value());
    if (written < 0) break;
  }
  EXPECT_LT(sent, std::size_t{4} << 20) << "bounded by socket buffers and one pipe";
  EXPECT_EQ(pool_.idle(), 0U) << "bytes are under way";

  std::size_t received = 0;
  for (std::string got = read_all(to_.theirs.get()); !got.empty(); got = read_all(to_.theirs.get())) {
    received += got.size();
    flow_.set_readable();
    flow_.set_writable();
    ASSERT_TRUE(flow_.pump(kPlenty).has_value());
  }
  EXPECT_EQ(received, sent);
}

TEST_F(SpliceFlowTest, KeepsToItsBudget) {
  const std::string block(200'000, 'x');
  ASSERT_GT(::send(from_.theirs.get(), block.data(), block.size(), MSG_DONTWAIT), 100'000);
  EXPECT_EQ(flow_.pump(1).value(), Pumped::kMore);
  EXPECT_LE(flow_.delivered(), 65'536U);
}

TEST_F(SpliceFlowTest, PassesTheEndOnAfterTheLastByte) {
  ::send(from_.theirs.get(), "bye", 3, 0);
  from_.theirs.reset();
  EXPECT_EQ(flow_.pump(kPlenty).value(), Pumped::kFinished);
  EXPECT_EQ(read_all(to_.theirs.get()), "bye");
  char byte = 0;
  EXPECT_EQ(::recv(to_.theirs.get(), &byte, 1, 0), 0);
  EXPECT_EQ(flow_.pump(kPlenty).value(), Pumped::kFinished);
}

TEST_F(SpliceFlowTest, AReceiverThatIsGoneEndsTheSession) {
  to_.theirs.reset();
  ::send(from_.theirs.get(), "x", 1, 0);
  EXPECT_FALSE(flow_.pump(kPlenty).has_value());
}

}  // namespace
}  // namespace tobari::gateway
