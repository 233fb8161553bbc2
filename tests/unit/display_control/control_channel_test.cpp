// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/display/control_channel.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tobari/display_control.pb.h"

namespace tobari::display {
namespace {

using Status = ControlReceived::Status;

class ControlChannelTest : public ::testing::Test {
 protected:
  ControlChannelTest() {
    auto ends = ControlChannel::pair();
    agent_ = std::move(ends->first);
    display_ = std::move(ends->second);
  }

  // Sends raw bytes with `count` copies of standard input's descriptor, as a hostile peer would.
  void send_raw(const std::vector<char>& bytes, std::size_t count = 0) {
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    std::vector<char> control(CMSG_SPACE(count * sizeof(int)));
    if (count > 0) {
      header.msg_control = control.data();
      header.msg_controllen = control.size();
      cmsghdr* item = CMSG_FIRSTHDR(&header);
      item->cmsg_level = SOL_SOCKET;
      item->cmsg_type = SCM_RIGHTS;
      item->cmsg_len = CMSG_LEN(count * sizeof(int));
      const std::vector<int> descriptors(count, agent_.fd());
      std::memcpy(CMSG_DATA(item), descriptors.data(), count * sizeof(int));
    }
    ASSERT_EQ(::sendmsg(agent_.fd(), &header, MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }

  static int open_descriptors() {
    int count = 0;
    for (int fd = 0; fd < 256; ++fd) count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return count;
  }

  ControlChannel agent_{UniqueFd{}};
  ControlChannel display_{UniqueFd{}};
};

TEST_F(ControlChannelTest, CarriesMessageWithDescriptor) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const UniqueFd read_end(pipe_ends[0]);
  UniqueFd write_end(pipe_ends[1]);
  wire::ToDisplay sent;
  sent.mutable_client()->set_address("192.0.2.1");
  ASSERT_TRUE(agent_.send(sent, write_end.get()));
  write_end.reset();

  wire::ToDisplay got;
  auto received = display_.receive(got);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->status, Status::kMessage);
  EXPECT_EQ(got.client().address(), "192.0.2.1");
  ASSERT_TRUE(received->descriptor);
  EXPECT_NE(::fcntl(received->descriptor.get(), F_GETFD) & FD_CLOEXEC, 0);
  ASSERT_EQ(::write(received->descriptor.get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(read_end.get(), &byte, 1), 1);
}

TEST_F(ControlChannelTest, NothingYetThenMessageThenClosed) {
  wire::FromDisplay got;
  EXPECT_EQ(agent_.receive(got)->status, Status::kNothingYet);
  wire::FromDisplay sent;
  sent.mutable_pong()->set_id(7);
  ASSERT_TRUE(display_.send(sent));
  static_cast<void>(display_.release());
  EXPECT_EQ(agent_.receive(got)->status, Status::kMessage);
  EXPECT_EQ(got.pong().id(), 7U);
  EXPECT_EQ(agent_.receive(got)->status, Status::kClosed);
  EXPECT_EQ(agent_.send(sent).error().code, Errc::kUnavailable);
}

// The kernel tells of the unread message first.
TEST_F(ControlChannelTest, LastWordsOfOneThatHasNotReadEverythingAreHeard) {
  wire::FromDisplay sent;
  sent.mutable_pong()->set_id(7);
  ASSERT_TRUE(agent_.send(sent));
  ASSERT_TRUE(display_.send(sent));
  static_cast<void>(display_.release());
  wire::FromDisplay got;
  EXPECT_EQ(agent_.receive(got)->status, Status::kMessage);
  EXPECT_EQ(agent_.receive(got)->status, Status::kClosed);
}

TEST_F(ControlChannelTest, LargestMessagePassesAndLargerIsRefused) {
  wire::FromDisplay message;
  message.mutable_source_lost()->set_detail(std::string(kMaxControlMessageBytes - 8, 'x'));
  ASSERT_EQ(message.ByteSizeLong(), kMaxControlMessageBytes);
  ASSERT_TRUE(display_.send(message));
  wire::FromDisplay got;
  EXPECT_EQ(agent_.receive(got)->status, Status::kMessage);
  EXPECT_EQ(got.source_lost().detail().size(), kMaxControlMessageBytes - 8);

  message.mutable_source_lost()->mutable_detail()->append("y");
  EXPECT_EQ(display_.send(message).error().code, Errc::kInvalidArgument);
}

TEST_F(ControlChannelTest, EmptyMessageIsRefusedAtTheSender) {
  EXPECT_EQ(agent_.send(wire::ToDisplay()).error().code, Errc::kInvalidArgument);
}

TEST_F(ControlChannelTest, OversizedPacketIsPeerProtocol) {
  send_raw(std::vector<char>(kMaxControlMessageBytes + 1, 'x'));
  wire::ToDisplay got;
  EXPECT_EQ(display_.receive(got).error().code, Errc::kPeerProtocol);
}

TEST_F(ControlChannelTest, GarbageIsPeerProtocol) {
  send_raw({'\xff', '\xff', '\xff'});
  wire::ToDisplay got;
  EXPECT_EQ(display_.receive(got).error().code, Errc::kPeerProtocol);
}

TEST_F(ControlChannelTest, TwoDescriptorsAreRefusedAndNoneLeaks) {
  const int before = open_descriptors();
  for (const std::size_t count : {2U, 3U, 50U}) {
    send_raw({'\x1a', '\x00'}, count);
    wire::ToDisplay got;
    EXPECT_EQ(display_.receive(got).error().code, Errc::kPeerProtocol);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(ControlChannelTest, SenderIsToldWhenNobodyReads) {
  wire::FromDisplay message;
  message.mutable_source_lost()->set_detail(std::string(60'000, 'x'));
  Result<void> sent;
  for (int i = 0; i < 100 && sent; ++i) sent = display_.send(message);
  EXPECT_EQ(sent.error().code, Errc::kExhausted);
}

}  // namespace
}  // namespace tobari::display
