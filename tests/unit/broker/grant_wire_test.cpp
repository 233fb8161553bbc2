// SPDX-License-Identifier: GPL-3.0-or-later
// A grant that goes from the broker to a display process arrives as it was, and never wider.
#include <gmock/gmock.h>

#include "control/grant_from_wire.h"
#include "rpc/desired_state.h"

namespace tobari::broker {
namespace {

using display::grant_from_wire;
using policy::Grant;

Grant full() {
  policy::Limits limits{
      .formats = {}, .bytes_per_transfer = 65'536, .bytes_per_day = std::uint64_t{1} << 40, .bytes_per_second = 1};
  limits.formats.add(policy::Format::kText);
  limits.formats.add(policy::Format::kFiles);
  return {.user = "alice",
          .desktop_id = "d1",
          .channels = {{"connect", "open"}, {"clipboard.to_guest", "paste", limits}},
          .max_monitors = 3,
          .max_pixels = 4'000'000,
          .idle_timeout = std::chrono::seconds(600),
          .absolute_timeout = std::chrono::hours(10),
          .visible_watermark = true,
          .invisible_watermark = true,
          .recording = policy::Recording::kRequired,
          .notices = {"one", "two"}};
}

TEST(GrantOnTheWire, ArrivesAsItWas) {
  EXPECT_EQ(grant_from_wire(to_wire(full())), full());
  EXPECT_EQ(grant_from_wire(to_wire(Grant{})), Grant{});
  for (const auto recording : {policy::Recording::kNone, policy::Recording::kOptional, policy::Recording::kRequired}) {
    Grant grant;
    grant.recording = recording;
    EXPECT_EQ(grant_from_wire(to_wire(grant)), grant);
  }
}

TEST(GrantOnTheWire, WhatIsNotKnownOpensNothing) {
  wire::Grant wire = to_wire(full());
  wire.mutable_channels(1)->set_formats(0, "holograms");
  wire.set_recording(static_cast<wire::Grant::Recording>(77));
  const Grant grant = grant_from_wire(wire);
  policy::FormatSet files;
  files.add(policy::Format::kFiles);
  EXPECT_EQ(grant.channels[1].limits.formats, files);
  EXPECT_EQ(grant.recording, policy::Recording::kRequired);
}

}  // namespace
}  // namespace tobari::broker
