// SPDX-License-Identifier: GPL-3.0-or-later
#include "workload.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <optional>
#include <poll.h>
#include <utility>
#include <vector>

#include <freerdp/gdi/gdi.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "frames/watch.h"

namespace tobari::probe {
namespace {

using namespace std::chrono_literals;

constexpr auto kWarmUp = 1500ms;  // from the first frame that is seen

Clock::duration seconds(double s) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(s));
}

// Of all TCP connections of this process: there is one.
std::uint64_t bytes_received() {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    tcp_info info{};
    socklen_t length = sizeof info;
    const int fd = std::atoi(entry.path().filename().c_str());
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0) bytes += info.tcpi_bytes_received;
  }
  return bytes;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

class Measuring {
 public:
  Measuring(const Options& options, Session& session) : options_(options), session_(session) {}

  Result<void> open() {
    ledgers_.reserve(options_.ledgers.size());  // they stay where they are: watches point to them
    for (const std::string& path : options_.ledgers) {
      TOBARI_ASSIGN(auto ledger, testing::FrameLedger::open(path));
      ledgers_.push_back(std::move(ledger));
      watches_.emplace_back(ledgers_.back());
    }
    return {};
  }

  Result<std::string> run(Seen& seen) {
    seen.on_paint = [this](const rdpGdi& gdi) { painted(gdi); };
    const auto started = [this] { return std::ranges::all_of(watches_, &testing::FrameWatch::started); };
    if (!session_.pump(20s, started)) return fail(Errc::kTimeout, "no frame of the workload arrived");
    stay(kWarmUp);
    for (auto& watch : watches_) watch.begin();
    const std::uint64_t bytes = bytes_received();
    const double cpu = cpu_seconds();
    const auto began = Clock::now();
    measured_ = true;
    if (options_.stop_reading > 0) {
      stay(seconds(options_.seconds / 2));
      static_cast<void>(::poll(nullptr, 0, static_cast<int>(options_.stop_reading * 1000)));
      resumed_ = Clock::now();
      stay(seconds(options_.seconds / 2));
    } else {
      stay(seconds(options_.seconds));
    }
    const double took = std::chrono::duration<double>(Clock::now() - began).count();
    seen.on_paint = nullptr;
    std::string monitors;
    for (const auto& watch : watches_) monitors += (monitors.empty() ? "{" : ",{") + watch.json() + "}";
    return std::format(
        R"({{"monitors":[{}],"seconds":{:.2f},"kbit_s":{:.1f},"client_cores":{:.2f},"current_after_ms":{:.1f}}})",
        monitors, took, static_cast<double>(bytes_received() - bytes) * 8 / 1000 / took, (cpu_seconds() - cpu) / took,
        current_ms());
  }

 private:
  void painted(const rdpGdi& gdi) {
    const auto now = Clock::now();
    for (std::size_t i = 0; i < watches_.size(); ++i) {
      const auto left = i * options_.width;
      if (static_cast<std::size_t>(gdi.width) < left + options_.width) return;
      watches_[i].painted({reinterpret_cast<const std::byte*>(gdi.primary_buffer) + left * 4, gdi.stride,
                           static_cast<int>(options_.width), gdi.height},
                          now);
    }
    if (resumed_ && !current_ && watches_.front().shown_drawn_at() >= *resumed_) current_ = now;
  }
  void stay(Clock::duration time) {
    const auto end = Clock::now() + time;
    session_.pump(time + 1s, [this, end] {
      step();
      return Clock::now() >= end;
    });
  }
  void step() {
    const auto now = Clock::now();
    for (auto& watch : watches_) watch.tick(now);
    if (!measured_ || options_.keys_a_second <= 0 || now < next_key_) return;
    next_key_ = now + seconds(1 / options_.keys_a_second);
    watches_.front().key_sent(now);
    session_.press_key(0x1E);
  }
  [[nodiscard]] double current_ms() const {
    return resumed_ && current_ ? std::chrono::duration<double, std::milli>(*current_ - *resumed_).count() : -1;
  }

  const Options& options_;
  Session& session_;
  std::vector<testing::FrameLedger> ledgers_;
  std::vector<testing::FrameWatch> watches_;  // one a monitor
  bool measured_ = false;
  Clock::time_point next_key_{};
  std::optional<Clock::time_point> resumed_;
  std::optional<Clock::time_point> current_;
};

}  // namespace

Result<std::string> measure_workload(const Options& options, Session& session, Seen& seen) {
  Measuring measuring(options, session);
  TOBARI_TRY(measuring.open());
  return measuring.run(seen);
}

}  // namespace tobari::probe
