// SPDX-License-Identifier: GPL-3.0-or-later
// A VNC client without a screen that measures a workload as tests/e2e/probe does.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <format>
#include <rfb/rfbclient.h>
#include <string>

#include <CLI/CLI.hpp>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "frames/watch.h"

namespace {

using namespace std::chrono_literals;
using tobari::testing::FrameLedger;
using tobari::testing::FrameWatch;
using Clock = FrameWatch::Clock;

constexpr auto kWarmUp = 1500ms;

struct Options {
  int port = 0;
  double seconds = 10;
  double keys_a_second = 0;
  std::string ledger;
  std::string encodings = "tight copyrect";
  int quality = 8;
  int compression = 1;
};

char watch_tag = 0;  // its address names what we keep with the client

FrameWatch* watch_of(rfbClient* client) { return static_cast<FrameWatch*>(rfbClientGetClientData(client, &watch_tag)); }

void on_update(rfbClient* client) {
  const auto width = static_cast<std::size_t>(client->width);
  watch_of(client)->painted(
      {reinterpret_cast<const std::byte*>(client->frameBuffer), width * 4, client->width, client->height},
      Clock::now());
}

std::uint64_t bytes_received(const rfbClient& client) {
  tcp_info info{};
  socklen_t length = sizeof info;
  return ::getsockopt(client.sock, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 ? info.tcpi_bytes_received : 0;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

class Measuring {
 public:
  Measuring(rfbClient& client, FrameWatch& watch, const Options& options)
      : client_(client), watch_(watch), options_(options) {}

  bool run() {
    for (const auto end = Clock::now() + 20s; !watch_.started();)
      if (Clock::now() > end || !step()) return false;
    if (!stay(kWarmUp)) return false;
    watch_.begin();
    measured_ = true;
    const std::uint64_t bytes = bytes_received(client_);
    const double cpu = cpu_seconds();
    const auto began = Clock::now();
    if (!stay(std::chrono::duration<double>(options_.seconds))) return false;
    const double took = std::chrono::duration<double>(Clock::now() - began).count();
    std::puts(
        std::format(
            R"({{"monitors":[{{{}}}],"seconds":{:.2f},"kbit_s":{:.1f},"client_cores":{:.2f},"current_after_ms":-1}})",
            watch_.json(), took, static_cast<double>(bytes_received(client_) - bytes) * 8 / 1000 / took,
            (cpu_seconds() - cpu) / took)
            .c_str());
    return true;
  }

 private:
  bool stay(std::chrono::duration<double> time) {
    const auto end = Clock::now() + time;
    while (Clock::now() < end)
      if (!step()) return false;
    return true;
  }
  bool step() {
    const int ready = WaitForMessage(&client_, 2000);
    if (ready < 0 || (ready > 0 && HandleRFBServerMessage(&client_) == FALSE)) return false;
    const auto now = Clock::now();
    watch_.tick(now);
    if (!measured_ || options_.keys_a_second <= 0 || now < next_key_) return true;
    next_key_ =
        now + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / options_.keys_a_second));
    watch_.key_sent(now);
    return SendKeyEvent(&client_, 'a', TRUE) != FALSE && SendKeyEvent(&client_, 'a', FALSE) != FALSE;
  }

  rfbClient& client_;
  FrameWatch& watch_;
  const Options& options_;
  bool measured_ = false;
  Clock::time_point next_key_{};
};

int run(Options o) {
  auto ledger = FrameLedger::open(o.ledger);
  if (!ledger) {
    std::fprintf(stderr, "tobari-vnc-probe: %s\n", ledger.error().message.c_str());
    return 1;
  }
  FrameWatch watch(*ledger);
  rfbEnableClientLogging = FALSE;
  rfbClient* client = rfbGetClient(8, 3, 4);
  rfbClientSetClientData(client, &watch_tag, &watch);
  client->format.redShift = 16;
  client->format.greenShift = 8;
  client->format.blueShift = 0;
  client->FinishedFrameBufferUpdate = on_update;
  client->appData.encodingsString = o.encodings.c_str();
  client->appData.qualityLevel = o.quality;
  client->appData.compressLevel = o.compression;
  client->appData.enableJPEG = TRUE;
  client->canHandleNewFBSize = TRUE;
  std::string name = "tobari-vnc-probe";
  std::string address = std::format("127.0.0.1::{}", o.port);
  char* arguments[] = {name.data(), address.data()};
  int count = 2;
  if (rfbInitClient(client, &count, arguments) == FALSE) {  // frees the client itself
    std::fprintf(stderr, "tobari-vnc-probe: not connected\n");
    return 1;
  }
  const bool measured = Measuring(*client, watch, o).run();
  rfbClientCleanup(client);
  if (!measured) std::fprintf(stderr, "tobari-vnc-probe: no frame of the workload arrived, or the connection ended\n");
  return measured ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app{"Headless VNC client that measures a workload (tests/perf/run)"};
  app.add_option("--port", o.port)->required();
  app.add_option("--ledger", o.ledger)->required();
  app.add_option("--seconds", o.seconds);
  app.add_option("--keys-a-second", o.keys_a_second);
  app.add_option("--encodings", o.encodings);
  app.add_option("--quality", o.quality);
  app.add_option("--compression", o.compression);
  CLI11_PARSE(app, argc, argv);
  return run(o);
}
