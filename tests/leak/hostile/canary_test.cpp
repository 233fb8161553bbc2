// SPDX-License-Identifier: GPL-3.0-or-later
// What the leak test stands on: that a canary is found wherever and however it passes.
#include "canary.h"

#include <array>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <tobari/base/random.h>

#include "tap.h"

namespace tobari::leak {
namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

class Forms : public ::testing::TestWithParam<std::size_t> {};

// Cut into pieces of every length from one byte on.
TEST_P(Forms, AreFoundHoweverTheStreamIsCut) {
  Canaries canaries;
  const CanarySearch forms(canaries.stem());
  if (GetParam() >= forms.forms().size()) return;  // two were the same
  for (std::size_t cut = 1; cut < 80; ++cut) {
    CanarySearch search(canaries.stem());
    const std::string stream = "before, " + forms.forms()[GetParam()] + " and after it: nothing that looks like one";
    for (std::size_t at = 0; at < stream.size(); at += cut)
      search.feed(bytes(std::string_view(stream).substr(at, cut)));
    EXPECT_EQ(search.found(), 1U) << "cut every " << cut;
  }
}
INSTANTIATE_TEST_SUITE_P(Leak, Forms, ::testing::Range<std::size_t>(0, 9));

TEST(Canary, IsFoundInBase64WithinOtherData) {
  Canaries canaries;
  for (std::size_t before = 0; before < 6; ++before) {
    const std::string text = std::string(before, 'x') + canaries.next() + "yz";
    CanarySearch search(canaries.stem());
    search.feed(bytes(to_base64url(bytes(text))));
    EXPECT_EQ(search.found(), 1U) << before;
  }
}

TEST(Canary, OfAnotherRunIsNotFound) {
  CanarySearch search(Canaries().stem());
  search.feed(filled(Canaries().next(), 100'000));
  EXPECT_EQ(search.found(), 0U);
}

TEST(Canary, EachIsAnother) {
  Canaries canaries;
  const std::string first = canaries.next();
  EXPECT_EQ(first.size(), Canaries::kLength);
  EXPECT_NE(first, canaries.next());
}

std::pair<UniqueFd, UniqueFd> line() {
  std::array<int, 2> pair{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  return {UniqueFd(pair[0]), UniqueFd(pair[1])};
}

void write_all(const UniqueFd& fd, std::string_view text) {
  ASSERT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

std::string read_some(const UniqueFd& fd, std::size_t count) {
  std::string text(count, '\0');
  EXPECT_EQ(::recv(fd.get(), text.data(), count, MSG_WAITALL), static_cast<ssize_t>(count));
  return text;
}

TEST(TapTest, PassesOnAndSeesWhatPassed) {
  Canaries canaries;
  Tap tap(canaries.stem());
  auto [machine, machine_end] = line();
  const UniqueFd display = tap.connect(std::move(machine_end));
  const std::string canary = canaries.next();
  write_all(display, "org.qemu.Display1.Keyboard says " + canary);
  EXPECT_EQ(read_some(machine, 26), "org.qemu.Display1.Keyboard");
  read_some(machine, 6 + canary.size());
  write_all(machine, canary);  // the machine's own: not counted
  EXPECT_EQ(read_some(display, canary.size()), canary);
  const Tap::Seen seen = tap.seen();
  EXPECT_EQ(seen.canaries, 1U);
  EXPECT_EQ(seen.bytes_to_machine, 32 + canary.size());
  EXPECT_TRUE(seen.interfaces.contains("org.qemu.Display1.Keyboard"));
}

// A socket that is passed to the machine, as for its listeners, is one more way to it.
TEST(TapTest, FollowsASocketThatIsPassed) {
  Canaries canaries;
  Tap tap(canaries.stem());
  auto [machine, machine_end] = line();
  const UniqueFd display = tap.connect(std::move(machine_end));
  auto [ours, passed] = line();
  char letter = 'x';
  iovec part{&letter, 1};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_LEN(sizeof(int));
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_len = CMSG_LEN(sizeof(int));
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  *reinterpret_cast<int*>(CMSG_DATA(header)) = passed.get();
  ASSERT_EQ(::sendmsg(display.get(), &message, 0), 1);
  passed.reset();
  message.msg_controllen = control.size();
  ASSERT_EQ(::recvmsg(machine.get(), &message, MSG_WAITALL), 1);
  const UniqueFd arrived(*reinterpret_cast<int*>(CMSG_DATA(CMSG_FIRSTHDR(&message))));
  const std::string canary = canaries.next();
  write_all(ours, canary);
  EXPECT_EQ(read_some(arrived, canary.size()), canary);
  EXPECT_EQ(tap.seen().canaries, 1U);
}

}  // namespace
}  // namespace tobari::leak
