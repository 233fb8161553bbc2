// SPDX-License-Identifier: GPL-3.0-or-later
#include "redact.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tobari/base/random.h>

namespace tobari::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kPassword = "hunter2";

TEST(Redact, TakesWhatANameSaysIsSecret) {
  for (const char* line : {"password=hunter2",
                           "password: hunter2",
                           "password = \"hunter2\"",
                           "{\"password\":\"hunter2\"}",
                           "{\"ticket\" : \"hunter2\"}",
                           "routing_token=hunter2 more",
                           "DB_PASSWORD='hunter2'",
                           "api-key: hunter2",
                           "key=hunter2",
                           "Cookie: hunter2",
                           "Authorization: Bearer hunter2",
                           "authorization=\"Basic hunter2\"",
                           "curl -H 'bearer hunter2'",
                           "Cookie: msts=hunter2",
                           "msts=hunter2",
                           "postgresql://tobari:hunter2@db/tobari",
                           "hash $argon2id$hunter2$x",
                           "password=\"a \\\" hunter2\"",
                           "secret:hunter2,next=1",
                           "joinToken=hunter2"}) {
    const std::string text = redacted(line);
    EXPECT_THAT(text, Not(HasSubstr(kPassword))) << line;
    EXPECT_THAT(text, HasSubstr(kLeftOut)) << line;
  }
}

TEST(Redact, TakesLongCodesWhereverTheyStand) {
  const std::string token = random_token();
  for (const std::string& line : {"got " + token, "x(" + token + ")", "\"" + token + "\"", "a=" + token,
                                  std::string("MIIBVQIBADANBgkqhkiG9w0BAQ/EFAASCAT8wggE7AgEAAkEA+abc="),
                                  std::string(64, 'a') + "1", "/etc/x/" + token}) {
    EXPECT_THAT(redacted(line), HasSubstr(kLeftOut)) << line;
    EXPECT_THAT(redacted(line), Not(HasSubstr(token))) << line;
  }
}

TEST(Redact, TakesKeyBlocksWholeAlsoWithoutAnEnd) {
  const std::string block = "-----BEGIN PRIVATE KEY-----\nMIG\nshort\n-----END PRIVATE KEY-----";
  EXPECT_EQ(redacted("a\n" + block + "\nb"), "a\n(left out)\nb");
  EXPECT_EQ(redacted("a -----BEGIN PRIVATE KEY-----\nMIG\nsh"), "a (left out)");
}

TEST(Redact, KeepsWhatHelps) {
  for (const char* line :
       {"2026-11-27T09:00:00.123Z info tobari-broker request method=GET route=/api/v1/desktops/{id} "
        "status=200 ms=1.4 user=alice client=192.0.2.1",
        "session=0190a3b2-5f1e-4c6d-9b7a-2f3e4d5c6b7a",
        "/var/lib/tobari/agents/0190a3b2-5f1e-4c6d-9b7a-2f3e4d5c6b7a.sock",
        "tobari_display_input_to_pixel_seconds_bucket{screen=\"0\",le=\"0.016384\"} 12",
        "https://broker.example:8443/api/v1/desktops", "a monkey at the keyboard", "key lost", "Pin"}) {
    EXPECT_EQ(redacted(line), line);
  }
}

TEST(Redact, BearsAnyText) {
  for (const char* text : {"", "password", "password=", "password:\n", "\"", "://", "://@", "bearer ", "$argon2",
                           "-----BEGIN ", "key=\"", "msts="}) {
    static_cast<void>(redacted(text));
  }
}

TEST(RedactConfig, ShowsKnownKeysAndNothingElse) {
  const std::string shown = redacted_config(
      "# root's password is hunter2\n"
      "listen: 0.0.0.0:8443  # hunter2\n"
      "public_names: \n  - broker.example\n  - 192.0.2.1\n"
      "database: postgresql://tobari:hunter2@db/tobari\n"
      "invented:\n  - hunter2\n  nested: hunter2\n"
      "libvirt_uri: qemu+tcp://root:hunter2@host/system\n"
      "no colon hunter2\n"
      "\"quoted hunter2\": 1\n");
  EXPECT_THAT(shown, Not(HasSubstr(kPassword)));
  EXPECT_THAT(shown, HasSubstr("listen: 0.0.0.0:8443\n"));
  EXPECT_THAT(shown, HasSubstr("  - broker.example\n  - 192.0.2.1\n"));
  EXPECT_THAT(shown, HasSubstr("database: (left out)\n"));
  EXPECT_THAT(shown, HasSubstr("invented: (left out)\n"));
  EXPECT_THAT(shown, HasSubstr("libvirt_uri: qemu+tcp://(left out)@host/system\n"));
}

}  // namespace
}  // namespace tobari::cli
