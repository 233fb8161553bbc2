// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>

#include <CLI/CLI.hpp>

#include "probe.h"

int main(int argc, char** argv) {
  tobari::probe::Options o;
  CLI::App app{"Headless RDP client that measures: first picture, key to pixel, what was received"};
  app.add_option("--address", o.address);
  app.add_option("--port", o.port)->required();
  app.add_option("--routing-token", o.routing_token);
  app.add_option("--user", o.user)->required();
  app.add_option("--password", o.password)->required();
  app.add_option("--certificate-sha256", o.certificate_sha256);
  app.add_option("--width", o.width);
  app.add_option("--height", o.height);
  app.add_flag("!--no-graphics-pipeline", o.graphics_pipeline, "the legacy path");
  app.add_flag("--want-every-channel", o.want_every_channel);
  app.add_option("--keys", o.keys, "key-to-pixel samples");
  app.add_option("--seconds", o.seconds, "how long to stay afterwards");
  app.add_option("--type-for", o.type_for, "seconds in which keys are pressed all the time, whatever happens");
  app.add_option("--client", o.client, "an argument as xfreerdp3 takes it, for example /gfx:AVC444; repeatable");
  app.add_option("--ledger", o.ledgers, "measure a workload (tests/perf) by this file of its; repeated: one a monitor");
  app.add_option("--keys-a-second", o.keys_a_second, "with --ledger: keys to press meanwhile");
  app.add_option("--stop-reading", o.stop_reading, "with --ledger: seconds in the middle in which nothing is read");
  app.add_option("--dump", o.dump, "PPM file for the last picture");
  CLI11_PARSE(app, argc, argv);

  const auto line = tobari::probe::run(o);
  if (!line) {
    std::fprintf(stderr, "tobari-probe: %s\n", line.error().message.c_str());
    return 1;
  }
  std::puts(line->c_str());
  return 0;
}
