// SPDX-License-Identifier: GPL-3.0-or-later
// The pure parts of the RDP adapter.
#include <map>

#include <freerdp/error.h>
#include <freerdp/scancode.h>
#include <gtest/gtest.h>
#include <linux/input-event-codes.h>

#include "rdp/certificate_pin.h"
#include "rdp/end_reason.h"
#include "rdp/input_queue.h"
#include "rdp/key_map.h"
#include "ui/key_tracker.h"

namespace tobari::client {
namespace {

ScanCode of(std::uint32_t event_code) { return scan_code_of(event_code + 8); }

TEST(KeyMap, AgreesWithFreeRdp) {
  EXPECT_EQ(of(KEY_A), RDP_SCANCODE_KEY_A);
  EXPECT_EQ(of(KEY_ESC), RDP_SCANCODE_ESCAPE);
  EXPECT_EQ(of(KEY_KPDOT), RDP_SCANCODE_DECIMAL);
  EXPECT_EQ(of(KEY_102ND), RDP_SCANCODE_OEM_102);
  EXPECT_EQ(of(KEY_F12), RDP_SCANCODE_F12);
  EXPECT_EQ(of(KEY_LEFT), RDP_SCANCODE_LEFT);
  EXPECT_EQ(of(KEY_RIGHTALT), RDP_SCANCODE_RMENU);
  EXPECT_EQ(of(KEY_RIGHTCTRL), RDP_SCANCODE_RCONTROL);
  EXPECT_EQ(of(KEY_KPENTER), RDP_SCANCODE_RETURN_KP);
  EXPECT_EQ(of(KEY_SYSRQ), RDP_SCANCODE_PRINTSCREEN);
  EXPECT_EQ(of(KEY_LEFTMETA), RDP_SCANCODE_LWIN);
  EXPECT_EQ(of(KEY_COMPOSE), RDP_SCANCODE_APPS);
  EXPECT_EQ(of(KEY_MUTE), RDP_SCANCODE_VOLUME_MUTE);
  EXPECT_EQ(of(KEY_YEN), RDP_SCANCODE_BACKSLASH_JP);
  EXPECT_EQ(of(KEY_HENKAN), RDP_SCANCODE_CONVERT_JP);
  EXPECT_EQ(of(KEY_MUHENKAN), RDP_SCANCODE_NONCONVERT_JP);
  EXPECT_EQ(of(KEY_HANGEUL), RDP_SCANCODE_HANGUL);
  EXPECT_EQ(of(KEY_PAUSE), kPause);
}

TEST(KeyMap, HasNothingForWhatTheWireDoesNotKnow) {
  for (const std::uint32_t code : {0U, 7U, 8U, KEY_BRIGHTNESSUP + 8U, 100000U, 0xffffffffU}) {
    EXPECT_EQ(scan_code_of(code), kNoScanCode) << code;
  }
}

// Two places of a keyboard must not send the same.
TEST(KeyMap, GivesEachKeyACodeOfItsOwn) {
  std::map<ScanCode, std::uint32_t> seen;
  for (std::uint32_t code = 1; code < 256; ++code) {
    const ScanCode scan = of(code);
    if (scan == kNoScanCode || code == KEY_ZENKAKUHANKAKU) continue;  // that one shares the place of the grave accent
    EXPECT_TRUE(seen.emplace(scan, code).second) << code << " and " << seen[scan];
  }
}

TEST(KeyTracker, ReleasesWhatIsDownAndNothingElse) {
  KeyTracker keys;
  EXPECT_TRUE(keys.press(0x1e));
  EXPECT_TRUE(keys.press(0x1e)) << "a key that repeats is sent again";
  EXPECT_TRUE(keys.press(0x2a));
  EXPECT_TRUE(keys.release(0x2a));
  EXPECT_FALSE(keys.release(0x2a));
  EXPECT_FALSE(keys.press(kNoScanCode));
  const auto released = keys.release_all();
  ASSERT_EQ(released.size(), 1U);
  EXPECT_EQ(released[0].code, 0x1e);
  EXPECT_FALSE(released[0].down);
  EXPECT_TRUE(keys.release_all().empty());
}

TEST(KeyTracker, TellsTheLampsOnceAfterEachGainOfTheFocus) {
  KeyTracker keys;
  EXPECT_EQ(keys.locks(1U << 1), (LocksInput{.caps = true}));
  EXPECT_FALSE(keys.locks(0));
  keys.focus_gained();
  EXPECT_EQ(keys.locks(1U << 4), (LocksInput{.num = true}));
}

TEST(InputQueue, JoinsMovesAndIsBounded) {
  InputQueue queue;
  for (std::uint16_t i = 0; i < 5000; ++i) EXPECT_TRUE(queue.push(MoveInput{.x = i, .y = 0}));
  const auto moves = queue.take_all();
  ASSERT_EQ(moves.size(), 1U);
  EXPECT_EQ(std::get<MoveInput>(moves[0]).x, 4999);
  for (std::size_t i = 0; i < InputQueue::kMaxWaiting; ++i) EXPECT_TRUE(queue.push(KeyInput{.code = 1, .down = true}));
  EXPECT_FALSE(queue.push(KeyInput{.code = 1, .down = false}));
}

TEST(EndReason, FollowsWhatTheServerSays) {
  EXPECT_EQ(end_reason_of(0, ERRINFO_DISCONNECTED_BY_OTHER_CONNECTION), DisplayEnd::kTakenOver);
  EXPECT_EQ(end_reason_of(0, ERRINFO_IDLE_TIMEOUT), DisplayEnd::kIdle);
  EXPECT_EQ(end_reason_of(0, ERRINFO_RPC_INITIATED_DISCONNECT), DisplayEnd::kClosed);
  EXPECT_EQ(end_reason_of(FREERDP_ERROR_INSUFFICIENT_PRIVILEGES, 0), DisplayEnd::kRefused);
  EXPECT_EQ(end_reason_of(FREERDP_ERROR_CONNECT_TRANSPORT_FAILED, 0), std::nullopt);
  EXPECT_EQ(end_reason_of(0, ERRINFO_LOGOFF_BY_USER), std::nullopt);
}

constexpr auto kPem =
    "-----BEGIN CERTIFICATE-----\n"
    "aGVsbG8g\nd29ybGQ=\n"
    "-----END CERTIFICATE-----\n";
// sha256sum of "hello world": the comparison does not look into the certificate.
constexpr auto kDigest = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";

TEST(CertificatePin, ComparesTheDigestOfTheFirstCertificate) {
  EXPECT_TRUE(certificate_matches(kPem, kDigest));
  EXPECT_TRUE(certificate_matches(std::string(kPem) + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                                  kDigest));
  EXPECT_FALSE(certificate_matches(std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") + kPem,
                                   kDigest));
}

TEST(CertificatePin, RefusesEverythingElse) {
  std::string other = kDigest;
  other.back() = '0';
  EXPECT_FALSE(certificate_matches(kPem, other));
  EXPECT_FALSE(certificate_matches(kPem, ""));
  EXPECT_FALSE(certificate_matches(kPem, std::string(kDigest) + "0"));
  EXPECT_FALSE(certificate_matches("", kDigest));
  EXPECT_FALSE(certificate_matches("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", kDigest));
  EXPECT_FALSE(certificate_matches("-----BEGIN CERTIFICATE-----\naGVsbG8g", kDigest));
  EXPECT_FALSE(certificate_matches(std::string(100000, 'a'), kDigest));
}

}  // namespace
}  // namespace tobari::client
