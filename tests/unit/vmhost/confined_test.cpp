// SPDX-License-Identifier: GPL-3.0-or-later
// What a confined program can do: what it was given, and nothing else.
#include "images/confined.h"

#include <cstdlib>
#include <filesystem>
#include <format>
#include <optional>
#include <unistd.h>

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <tobari/base/unique_fd.h>

#include "temp_dir.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class ConfinedTest : public ::testing::Test {
 protected:
  ConfinedTest() {
    std::filesystem::create_directory(dir_ / "work");
    if (::geteuid() == 0) {
      user_ = 1'999'999'999;
      EXPECT_EQ(::chown((dir_ / "work").c_str(), *user_, *user_), 0);
    }
    dir_.write("given", "for your eyes");
    dir_.write("secret", "not for yours");
    for (const char* file : {"given", "secret"}) EXPECT_EQ(::chmod((dir_ / file).c_str(), 0644), 0);
  }
  Result<void> shell(const std::string& script) {
    ConfinedCommand command = with_script(script);
    said_.clear();
    return run_confined(command, {.on_output = [this](std::string_view text) { said_ += text; }, .on_tick = {}});
  }
  ConfinedCommand with_script(const std::string& script) const {
    return {.arguments = {"/bin/sh", "-c", script},
            .may_read = {dir_ / "given"},
            .may_write = {dir_ / "work"},
            .user = user_,
            .within = 20s};
  }

  TempDir dir_;
  std::optional<std::uint32_t> user_;
  std::string said_;
};

TEST_F(ConfinedTest, DoesWhatItMay) {
  const auto done =
      shell(std::format("cat {}; echo made > {}; id -u", (dir_ / "given").string(), (dir_ / "work/x").string()));
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_THAT(said_, HasSubstr("for your eyes"));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "work/x"));
  if (user_) {
    EXPECT_THAT(said_, HasSubstr("1999999999"));
  }
}

TEST_F(ConfinedTest, ReadsNoOtherFile) {
  const auto done = shell("cat " + (dir_ / "secret").string());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(done.error().message, HasSubstr("Permission denied"));
  EXPECT_FALSE(shell("cat /etc/passwd"));
  EXPECT_FALSE(shell("ls " + dir_.path().string()));
}

TEST_F(ConfinedTest, WritesNowhereElse) {
  EXPECT_FALSE(shell("echo x > " + (dir_ / "elsewhere").string()));
  EXPECT_FALSE(shell("echo x >> " + (dir_ / "given").string()));
  EXPECT_FALSE(shell("ln -s /etc/passwd " + (dir_ / "work/link").string()));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "elsewhere"));
}

TEST_F(ConfinedTest, HasNoNetwork) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener.get(), any, size), 0);
  ASSERT_EQ(::listen(listener.get(), 4), 0);
  ASSERT_EQ(::getsockname(listener.get(), any, &size), 0);
  const std::string dial = std::format("exec 3<>/dev/tcp/127.0.0.1/{}", ntohs(address.sin_port));
  ASSERT_EQ(std::system(("bash -c '" + dial + "'").c_str()), 0) << "it can be reached";
  ConfinedCommand command = with_script("");
  command.arguments = {"/bin/bash", "-c", dial};
  EXPECT_FALSE(run_confined(command));
}

TEST_F(ConfinedTest, EndsWhenItsTimeIsOverOrItIsNotWanted) {
  ConfinedCommand command = with_script("while :; do :; done");
  command.within = 1s;
  const auto late = run_confined(command);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::kTimeout);
  int ticks = 0;
  const auto enough = [&ticks]() -> Result<void> {
    if (++ticks < 2) return {};
    return fail(Errc::kCancelled, "enough");
  };
  const auto stopped = run_confined(with_script("while :; do :; done"), {.on_output = {}, .on_tick = enough});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Errc::kCancelled);
}

TEST_F(ConfinedTest, WritesNoLargerFileThanItMay) {
  ConfinedCommand command = with_script("head -c 3000000 /dev/zero > " + (dir_ / "work/big").string());
  command.may_read.emplace_back("/dev/zero");
  command.file_bytes = 1'000'000;
  const auto done = run_confined(command);
  ASSERT_FALSE(done);
  EXPECT_LE(std::filesystem::file_size(dir_ / "work/big"), 1'000'000U);
}

TEST_F(ConfinedTest, SaysWhatIsMissingAndWhatWentWrong) {
  ConfinedCommand command = with_script("");
  command.arguments = {"/usr/bin/no-such-program"};
  EXPECT_EQ(run_confined(command).error().code, Errc::kNotFound);
  const auto failed = shell("echo first words >&2; echo more >&2; exit 3");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "first words");
  EXPECT_EQ(shell("echo 'x: No space left on device' >&2; exit 1").error().code, Errc::kExhausted);
}

}  // namespace
}  // namespace tobari::vmhost
