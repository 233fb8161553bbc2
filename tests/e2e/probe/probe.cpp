// SPDX-License-Identifier: GPL-3.0-or-later
#include "probe.h"

#include <algorithm>
#include <cstdio>
#include <format>
#include <memory>
#include <vector>

#include <freerdp/gdi/gdi.h>

#include "client.h"
#include "workload.h"

namespace tobari::probe {
namespace {

using namespace std::chrono_literals;

void dump_ppm(const std::string& path, const rdpGdi* gdi) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "wb"), std::fclose);
  if (!file) return;
  std::fprintf(file.get(), "P6 %d %d 255\n", gdi->width, gdi->height);
  std::vector<unsigned char> row(static_cast<std::size_t>(gdi->width) * 3);
  for (int y = 0; y < gdi->height; ++y) {
    const BYTE* from = gdi->primary_buffer + static_cast<std::size_t>(y) * gdi->stride;
    for (std::size_t x = 0; x < row.size() / 3; ++x) {
      for (std::size_t c = 0; c < 3; ++c) row[x * 3 + c] = from[x * 4 + 2 - c];
    }
    std::fwrite(row.data(), 1, row.size(), file.get());
  }
}

double ms(Clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

// One key down and up, then the first paint. A letter and a backspace in turn keep the line short.
void key_to_pixel(Session& session, const Seen& seen, int number, Samples& samples) {
  if (!session.settle()) return;
  const long before = seen.paints;
  const auto pressed = Clock::now();
  session.press_key(number % 2 == 0 ? 0x1E : 0x0E);
  if (session.pump(2s, [&seen, before] { return seen.paints > before; })) samples.add(seen.last_paint - pressed);
}

// Four keys a second, each of which is answered before the next one, or was not within five seconds.
std::string type_on(Session& session, const Seen& seen, double seconds) {
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  int typed = 0;
  int answered = 0;
  Clock::duration longest{0};
  while (Clock::now() < end && session.connected()) {
    const long before = seen.paints;
    const auto pressed = Clock::now();
    session.press_key(typed++ % 2 == 0 ? 0x1E : 0x0E);
    if (session.pump(5s, [&seen, before] { return seen.paints > before; })) {
      ++answered;
      longest = std::max(longest, seen.last_paint - pressed);
    }
    session.pump(1s, [pressed] { return Clock::now() >= pressed + 250ms; });
  }
  return std::format(R"({{"typed":{},"answered":{},"longest_ms":{:.1f},"connected":{}}})", typed, answered, ms(longest),
                     session.connected());
}

}  // namespace

Result<std::string> run(const Options& o) {
  Seen seen;
  seen.want_sha256 = o.certificate_sha256;
  TOBARI_ASSIGN(const auto session, Session::connect(o, seen));
  if (!o.ledgers.empty()) return measure_workload(o, *session, seen);
  if (!session->pump(20s, [&seen] { return seen.first_picture != Clock::time_point{}; })) {
    return fail(Errc::kTimeout,
                std::format("no whole picture arrived: {} ({} paints)", seen.coverage.text(), seen.paints));
  }
  if (o.type_for > 0) return type_on(*session, seen, o.type_for);
  Samples keys;
  for (int i = 0; i < o.keys; ++i) key_to_pixel(*session, seen, i, keys);
  if (o.seconds > 0) {
    const auto end =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(o.seconds));
    session->pump(end - Clock::now() + 1s, [end] { return Clock::now() > end; });
  }
  if (!o.dump.empty()) {
    session->settle();
    dump_ppm(o.dump, &session->picture());
  }
  return std::format(R"({{"first_picture_ms":{:.1f},"key_ms":{},"paints":{},"gfx":{},"certificate_sha256":"{}"}})",
                     ms(seen.first_picture - seen.started), keys.json(), seen.paints, session->picture().gfx != nullptr,
                     seen.got_sha256);
}

}  // namespace tobari::probe
