// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/options.h"

#include <gtest/gtest.h>

namespace tobari::client {
namespace {

TEST(Options, ReadsBothForms) {
  const auto options =
      parse_options({"--broker", "desk.example", "--user=ada", "--size=1280x800", "--fullscreen", "--connect"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->broker.toStdString(), "desk.example");
  EXPECT_EQ(options->user.toStdString(), "ada");
  EXPECT_EQ(options->size, QSize(1280, 800));
  EXPECT_TRUE(options->full_screen);
  EXPECT_TRUE(options->connect);
}

TEST(Options, RefusesWhatItDoesNotKnow) {
  EXPECT_FALSE(parse_options({"--passwd", "x"}));
  EXPECT_FALSE(parse_options({"desk.example"}));
  EXPECT_FALSE(parse_options({"--broker"}));
  EXPECT_FALSE(parse_options({"--fullscreen=yes"}));
}

TEST(Options, RefusesValuesOutOfRange) {
  for (const auto* size : {"1280", "100x100", "9000x800", "1280x800x2", "ax b", ""}) {
    EXPECT_FALSE(parse_options({"--size", size})) << size;
  }
  EXPECT_FALSE(parse_options({"--fingerprint", "12"}));
}

TEST(Options, RefusesWhatContradictsItself) {
  EXPECT_FALSE(parse_options({"--ca", "f", "--fingerprint", QString(64, QLatin1Char('a'))}));
  EXPECT_FALSE(parse_options({"--device-key", "k"}));
  EXPECT_FALSE(parse_options({"--device-certificate", "c"}));
  EXPECT_TRUE(parse_options({"--device-certificate", "c", "--device-key=k"}));
  EXPECT_FALSE(parse_options({"--screenshot", "f"}));
  EXPECT_FALSE(parse_options({"--screenshot", "f", "--exit-when-still"}));
  EXPECT_TRUE(parse_options(
      {"--screenshot", "f", "--exit-when-still", "--broker", "b", "--user", "u", "--password-file", "p"}));
}

}  // namespace
}  // namespace tobari::client
