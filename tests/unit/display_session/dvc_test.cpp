// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/dvc.h"

#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "wire_bytes.h"

namespace tobari::display {
namespace {

using testing::bytes;
using testing::Bytes;

class Dvc : public ::testing::Test, protected DvcOutput, protected DvcEvents {
 protected:
  void send_dvc(std::span<const std::byte> pdu) override { sent.emplace_back(pdu.begin(), pdu.end()); }
  void on_dvc_ready() override { ready = true; }
  void on_dvc_open(std::uint32_t id, bool is_open) override { open[id] = is_open; }
  Result<void> on_dvc_data(std::uint32_t, std::span<const std::byte> message) override {
    received.emplace_back(message.begin(), message.end());
    return {};
  }
  Result<void> receive(const Bytes& pdu) { return dvc.receive(pdu, true, true); }
  void open_channel() {
    dvc.start();
    ASSERT_TRUE(receive(bytes({0x50, 0, 1, 0})));
    dvc.create(1, "a::b");
    ASSERT_TRUE(receive(bytes({0x10, 1, 0, 0, 0, 0})));
    sent.clear();
  }

  std::vector<Bytes> sent;
  std::vector<Bytes> received;
  std::map<std::uint32_t, bool> open;
  bool ready = false;
  DvcServer dvc{*this, *this};
};

TEST_F(Dvc, OpensAChannel) {
  open_channel();
  EXPECT_TRUE(ready);
  EXPECT_TRUE(open[1]);
}

TEST_F(Dvc, SplitsWhatItSendsAndJoinsWhatItGets) {
  open_channel();
  dvc.send(1, Bytes(4000, std::byte{9}));
  ASSERT_EQ(sent.size(), 3U);
  std::size_t payload = 0;
  for (const Bytes& pdu : sent) {
    EXPECT_LE(pdu.size(), 1600U);
    payload += pdu.size() - (&pdu == &sent.front() ? 6 : 2);
  }
  EXPECT_EQ(payload, 4000U);
  EXPECT_TRUE(receive(bytes({0x20, 1, 5, 'a', 'b'})));
  EXPECT_TRUE(received.empty());
  EXPECT_TRUE(receive(bytes({0x30, 1, 'c', 'd', 'e'})));
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0].size(), 5U);
}

TEST_F(Dvc, SplitsLessWhereTheClientIsKnownToTakeMore) {
  DvcServer patient(*this, *this, DvcServer::kLongPdu);
  patient.start();
  ASSERT_TRUE(patient.receive(bytes({0x50, 0, 1, 0}), true, true));
  patient.create(1, "a::b");
  ASSERT_TRUE(patient.receive(bytes({0x10, 1, 0, 0, 0, 0}), true, true));
  sent.clear();
  patient.send(1, Bytes(16'254, std::byte{9}));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].size(), 16'256U) << "and no longer, or it would not fit into a piece of the static channel";
  EXPECT_EQ(sent[0][0], std::byte{0x30});
  sent.clear();
  patient.send(1, Bytes(16'255, std::byte{9}));
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].size(), 16'256U);
  EXPECT_EQ(sent[0][0], std::byte{0x28});
  EXPECT_EQ(sent[1].size(), 16'255U - (16'256U - 6) + 2);
}

TEST_F(Dvc, WhatWasNotOpenedIsAViolation) {
  open_channel();
  const auto result = receive(bytes({0x30, 2, 1}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kPermissionDenied);
}

TEST_F(Dvc, RefusesWhatBreaksTheRules) {
  EXPECT_FALSE(receive(bytes({0x50, 0, 1, 0}))) << "before start()";
  open_channel();
  EXPECT_FALSE(receive(bytes({0x50, 0, 1, 0}))) << "capabilities twice";
  EXPECT_FALSE(receive(bytes({0x10, 1, 0, 0, 0, 0}))) << "opened twice";
  EXPECT_FALSE(receive(bytes({0x28, 1, 0, 0, 0, 0x7F, 1}))) << "a message of 2 GiB";
  EXPECT_TRUE(receive(bytes({0x20, 1, 2, 'a'})));
  EXPECT_FALSE(receive(bytes({0x30, 1, 'b', 'c'}))) << "more than announced";
  EXPECT_FALSE(dvc.receive(Bytes(DvcServer::kMaxPdu + 1), true, false)) << "an endless PDU";
  EXPECT_FALSE(receive({}));
  EXPECT_FALSE(receive(bytes({0x93, 1})));
}

TEST_F(Dvc, GarbageNeverCrashesIt) {
  open_channel();
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    Bytes garbage(random() % 12);
    for (auto& b : garbage) b = static_cast<std::byte>(random());
    static_cast<void>(dvc.receive(garbage, random() % 2 == 0, random() % 4 != 0));
  }
}

}  // namespace
}  // namespace tobari::display
