// SPDX-License-Identifier: GPL-3.0-or-later
// Display processes that a service manager starts, as tobari-display.socket does: one for each connection, which is its
// descriptor 3.
#include "supervisor/service_display.h"

#include <array>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <poll.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../../unit/vmhost/temp_dir.h"
#include "host/loop.h"
#include "processes.h"
#include "supervisor/display_process.h"

namespace tobari::vmhost {
namespace {

class ServiceManager {
 public:
  explicit ServiceManager(const std::string& path)
      : listener_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)), wake_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~ServiceManager() {
    thread_.request_stop();
    eventfd_write(wake_.get(), 1);
  }
  [[nodiscard]] std::vector<pid_t> started() {
    const std::scoped_lock lock(mutex_);
    return pids_;
  }

 private:
  void run(const std::stop_token& stop) {
    std::vector<Child> children;
    while (!stop.stop_requested()) {
      std::array<pollfd, 2> items{{{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
      if (::poll(items.data(), items.size(), -1) < 0 || items[0].revents == 0) continue;
      const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      auto child = spawn({{TOBARI_FAKE_DISPLAY, "--control-fd", "3"}, connection.get(), {}});
      ASSERT_TRUE(child.has_value());
      const std::scoped_lock lock(mutex_);
      pids_.push_back(child->pid);
      children.push_back(std::move(*child));
    }
    for (Child& child : children) end(child, 0);
  }

  UniqueFd listener_;
  UniqueFd wake_;
  std::mutex mutex_;
  std::vector<pid_t> pids_;
  std::jthread thread_;
};

TEST(ServiceDisplay, IsKnownByItsFirstMessageAndAskedForAgainWhenItDies) {
  const TempDir folder;
  const std::string path = (folder / "display.socket").string();
  ServiceManager manager(path);
  const auto loop = Loop::create().value();
  std::vector<pid_t> ready;
  std::size_t gone = 0;
  DisplayOptions options;
  options.socket = path;
  std::unique_ptr<DisplayProcess> display;
  DisplayCallbacks callbacks{.on_ready =
                                 [&] {
                                   EXPECT_EQ(display->uid(), ::geteuid());
                                   ready.push_back(display->pid());
                                   if (ready.size() == 1) ::kill(ready.front(), SIGKILL);
                                   if (ready.size() == 2) loop->stop();
                                 },
                             .on_session = [](const wire::Session&) {},
                             .on_source_lost = [](std::uint32_t, const std::string&) {},
                             .on_picture = [](const wire::Picture&) {},
                             .on_gone = [&] { ++gone; }};
  const auto begin = loop->after(std::chrono::milliseconds(0), [&] {
    display = std::make_unique<DisplayProcess>(*loop, "d1", options, std::move(callbacks));
  });
  const auto give_up = loop->after(std::chrono::seconds(20), [&] { loop->stop(); });
  loop->run();
  EXPECT_EQ(ready, manager.started());
  EXPECT_EQ(ready.size(), 2U);
  EXPECT_EQ(gone, 1U);
  display.reset();
  EXPECT_TRUE(eventually([&] { return has_ended(ready.back()); })) << "it outlives what wanted it";
}

TEST(ServiceDisplay, NobodyListens) {
  const TempDir folder;
  const auto asked = ask_for_display((folder / "nobody").string());
  ASSERT_FALSE(asked.has_value());
  EXPECT_EQ(asked.error().code, Errc::kUnavailable);
  EXPECT_FALSE(ask_for_display(std::string(200, 'x')).has_value());
}

}  // namespace
}  // namespace tobari::vmhost
