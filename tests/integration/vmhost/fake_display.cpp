// SPDX-License-Identifier: GPL-3.0-or-later
// Stands in for tobari-display: speaks the control protocol, shows nothing. A client is told in one line which session,
// process and user serve it and how many sources have been handed over, and later of every source that comes, of a new
// agent and of the line of its recording, and why it is dropped. What a client says, it is told back. It can also die
// right after a report. What it hands over as a recording is none. Pictures
// follow a script: a good one, a failure, text, too much, then nothing but an end.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <format>
#include <map>
#include <poll.h>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

#include <sys/socket.h>

#include <tobari/base/thumbnail.h>
#include <tobari/display/control_channel.h>

#include "tobari/display_control.pb.h"

using tobari::UniqueFd;
namespace wire = tobari::wire;

namespace {

// A session dropped for this reason is the last thing that the process reports: it ends at once.
constexpr const char* kLastWords = "last words";
constexpr const char* kGoodbye = "goodbye\n";  // of a client

class FakeDisplay {
 public:
  int run() {
    while (true) {
      std::vector<pollfd> waiting{{channel_.fd(), POLLIN, 0}};
      for (const auto& [session, socket] : clients_) {
        if (!silent_.contains(session)) waiting.push_back({socket.get(), POLLIN, 0});
      }
      if (::poll(waiting.data(), waiting.size(), -1) < 0) return 1;
      if (waiting.front().revents == 0) {
        hear_clients();
        continue;
      }
      wire::ToDisplay message;
      auto got = channel_.receive(message);
      using Status = tobari::display::ControlReceived::Status;
      if (!got || got->status == Status::kClosed) return 0;
      if (got->status == Status::kMessage) handle(message, std::move(got->descriptor));
    }
  }

 private:
  void handle(const wire::ToDisplay& message, UniqueFd descriptor) {
    wire::FromDisplay answer;
    switch (message.message_case()) {
      case wire::ToDisplay::kSetup:
        answer.mutable_ready()->set_certificate_sha256(std::string(64, 'a'));
        break;
      case wire::ToDisplay::kPing:
        answer.mutable_pong()->set_id(message.ping().id());
        break;
      case wire::ToDisplay::kTakePicture:
        if (!take_picture(*answer.mutable_picture(), message.take_picture().id())) std::exit(1);
        break;
      case wire::ToDisplay::kNarrow:  // asks for a transfer, so that it is seen to have come here
        narrowed_ = message.narrow().session_id();
        answer.mutable_transfer()->set_id(5);
        answer.mutable_transfer()->set_session_id(narrowed_);
        answer.mutable_transfer()->set_channel("clipboard.to_guest");
        answer.mutable_transfer()->set_bytes(static_cast<std::uint64_t>(message.narrow().grant().channels_size()));
        break;
      case wire::ToDisplay::kTransferAnswer:
        return report(wire::Session::DENIED, narrowed_, message.transfer_answer().reason());
      case wire::ToDisplay::kAskStatistics:
        answer.mutable_statistics()->set_frames(++statistics_);
        if (statistics_ > 2) answer.mutable_statistics()->mutable_encode_us()->mutable_counts()->Resize(5000, 1);
        break;
      case wire::ToDisplay::kSource:
        source_[message.source().screen()] = std::move(descriptor);
        ++sources_;
        return say_to_all(std::format("{} {}\n",
                                      message.source().kind() == wire::Source::PICTURE_PORT ? "picture" : "screen",
                                      message.source().screen()));
      case wire::ToDisplay::kWarn:
        return say_to_all(std::format("warned {} in {}\n", message.warn().text(), message.warn().in_seconds()));
      case wire::ToDisplay::kResume:
        resume(*answer.mutable_resumed());
        break;
      case wire::ToDisplay::kRecordingLine:
        recordings_[message.recording_line().session_id()] = std::move(descriptor);
        return say_to_all("line\n");
      case wire::ToDisplay::kArm:
        recordings_[message.arm().session_id()] = std::move(descriptor);
        return;
      case wire::ToDisplay::kClient:
        return serve(message.client(), std::move(descriptor));
      case wire::ToDisplay::kDrop:
        say_to_all(message.drop().taken_over() ? "taken over\n" : "dropped\n");
        clients_.erase(message.drop().session_id());
        report(wire::Session::DISCONNECTED, message.drop().session_id(), message.drop().reason());
        if (message.drop().reason() == kLastWords) ::_exit(1);
        return;
      default:
        return;
    }
    static_cast<void>(channel_.send(answer));
  }

  void resume(wire::Resumed& resumed) {
    resumed.set_certificate_sha256(std::string(64, 'a'));
    for (const auto& [session, socket] : clients_) {
      resumed.add_sessions()->set_session_id(session);
      resumed.mutable_sessions()->rbegin()->set_client_name("fake");
    }
    for (const auto& [screen, source] : source_) resumed.add_screens(screen);
    say_to_all("resumed\n");
  }

  bool take_picture(wire::Picture& picture, std::uint64_t id) {
    const std::string head = "\xFF\xD8\xFF";
    const std::string tail = "\xFF\xD9";
    picture.set_id(id);
    switch (++pictures_) {
      case 1:
        picture.set_jpeg(head + "picture" + tail);
        return true;
      case 2:
        picture.set_failure("there is no picture yet");
        return true;
      case 3:
        picture.set_jpeg("#!/bin/sh");
        return true;
      case 4:
        picture.set_jpeg(head + std::string(tobari::kMaxThumbnailBytes, 'x') + tail);
        return true;
      default:
        return false;
    }
  }

  // One that says goodbye is reported, one that just goes is not.
  void hear_clients() {
    for (auto at = clients_.begin(); at != clients_.end();) {
      const auto each = at++;
      char bytes[64];
      const ssize_t got = ::recv(each->second.get(), bytes, sizeof bytes, MSG_DONTWAIT);
      if (got == 0) silent_.insert(each->first);
      if (got <= 0) continue;
      const std::string said(bytes, static_cast<std::size_t>(got));
      static_cast<void>(::send(each->second.get(), said.data(), said.size(), MSG_NOSIGNAL));
      if (!said.ends_with(kGoodbye)) continue;
      report(wire::Session::DISCONNECTED, each->first, "left");
      clients_.erase(each);
    }
  }

  void serve(const wire::Client& client, UniqueFd socket) {
    const std::string line =
        std::format("session {} pid {} uid {} sources {}\n", client.session_id(), ::getpid(), ::getuid(), sources_);
    report(wire::Session::CONNECTED, client.session_id());  // first: a test may kill us as soon as it has its line
    static_cast<void>(::send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL));
    record_nonsense(client.session_id());
    clients_[client.session_id()] = std::move(socket);
  }

  void record_nonsense(const std::string& session) {
    const UniqueFd& line = recordings_[session];
    const std::string nonsense(500, 'x');
    if (line) static_cast<void>(::send(line.get(), nonsense.data(), nonsense.size(), MSG_NOSIGNAL));
  }

  void say_to_all(const std::string& line) {
    for (const auto& [session, socket] : clients_) {
      static_cast<void>(::send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL));
    }
  }

  void report(wire::Session::Kind kind, const std::string& session, const std::string& detail = "") {
    wire::FromDisplay message;
    message.mutable_session()->set_kind(kind);
    message.mutable_session()->set_session_id(session);
    message.mutable_session()->set_detail(detail);
    static_cast<void>(channel_.send(message));
  }

  tobari::display::ControlChannel channel_{UniqueFd(tobari::display::kControlDescriptor)};
  std::map<std::uint32_t, UniqueFd> source_;  // by screen
  int sources_ = 0;
  int pictures_ = 0;
  std::uint64_t statistics_ = 0;
  std::string narrowed_;                        // the session
  std::map<std::string, UniqueFd> recordings_;  // lines to the host, by session
  std::map<std::string, UniqueFd> clients_;
  std::set<std::string> silent_;  // of these, who has closed
};

}  // namespace

int main() { return FakeDisplay().run(); }
