// SPDX-License-Identifier: GPL-3.0-or-later
// The program, driven as a host agent drives it.
#pragma once

#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <span>
#include <spawn.h>
#include <string>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <tobari/base/unique_fd.h>
#include <tobari/display/control_channel.h>
#include <tobari/display_control.pb.h>

#include "daemon/admission.h"

namespace tobari::display::testing {

class Managed : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pair = ControlChannel::pair().value();
    agent = std::make_unique<ControlChannel>(std::move(pair.first));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair.second.fd(), kControlDescriptor);
    std::string program = TOBARI_DISPLAY_PROGRAM;
    std::string option = "--control-fd";
    std::string descriptor = std::to_string(kControlDescriptor);
    char* argv[] = {program.data(), option.data(), descriptor.data(), nullptr};
    ASSERT_EQ(posix_spawn(&process, program.c_str(), &actions, nullptr, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  void TearDown() override {
    agent.reset();  // the process ends when nobody is there any more
    int status = -1;
    for (int i = 0; i < 1000 && ::waitpid(process, &status, WNOHANG) == 0; ++i) ::usleep(10'000);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }

  wire::FromDisplay receive() {
    wire::FromDisplay message;
    pollfd item{agent->fd(), POLLIN, 0};
    if (::poll(&item, 1, 10'000) > 0) static_cast<void>(agent->receive(message));
    return message;
  }
  void set_up() {
    wire::ToDisplay message;
    message.mutable_setup()->set_desktop_id("d1");
    message.mutable_setup()->set_log_level("warning");
    message.mutable_setup()->set_hold_seconds(hold);
    ASSERT_TRUE(agent->send(message));
    const auto ready = receive();
    ASSERT_TRUE(ready.has_ready());
    certificate = ready.ready().certificate_sha256();
    EXPECT_EQ(certificate.size(), 64U);
  }
  void set_up_wall(unsigned screens) {
    wire::ToDisplay message;
    message.mutable_setup()->set_desktop_id("wall");
    message.mutable_setup()->set_log_level("warning");
    message.mutable_setup()->set_screens(screens);
    ASSERT_TRUE(agent->send(message));
    ASSERT_TRUE(receive().has_ready());
  }
  void arm(const std::string& ticket, const std::string& session) {
    const Sha256 hash = sha256(std::as_bytes(std::span(ticket)));
    wire::ToDisplay message;
    message.mutable_arm()->set_ticket_sha256(hash.data(), hash.size());
    message.mutable_arm()->set_session_id(session);
    message.mutable_arm()->set_valid_seconds(60);
    ASSERT_TRUE(agent->send(message));
  }
  // Plays the front: accepts the client and hands it over.
  void hand_over(int listener, const std::string& session) {
    pollfd item{listener, POLLIN, 0};
    ASSERT_GT(::poll(&item, 1, 10'000), 0);
    const UniqueFd connection(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    wire::ToDisplay message;
    message.mutable_client()->set_address("192.0.2.7:1234");
    message.mutable_client()->set_session_id(session);
    ASSERT_TRUE(agent->send(message, connection.get()));
  }

  void ping(std::uint64_t id) {
    wire::ToDisplay message;
    message.mutable_ping()->set_id(id);
    ASSERT_TRUE(agent->send(message));
    EXPECT_EQ(receive().pong().id(), id);
  }
  wire::Resumed resume() {
    wire::ToDisplay message;
    message.mutable_resume();
    EXPECT_TRUE(agent->send(message));
    const auto answer = receive();
    EXPECT_TRUE(answer.has_resumed());
    return answer.resumed();
  }

  unsigned hold = 0;  // seconds, without an agent
  std::string certificate;
  std::unique_ptr<ControlChannel> agent;
  pid_t process = -1;
};

}  // namespace tobari::display::testing
