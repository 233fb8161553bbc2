// SPDX-License-Identifier: GPL-3.0-or-later
// Which recordings are kept, which go, and what the audit hears of it.
#include "recording/recording_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tobari/base/random.h>
#include <tobari/recording/recording.h>
#include <tobari/recording/sealer.h>

#include "temp_dir.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = RecordingReport::Kind;
namespace fs = std::filesystem;

class RecordingStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<RecordingStore> open(RecordingStore::Options options = {}) {
    options.folder = folder / "recordings";
    options.least_free = 0;
    return RecordingStore::open(std::move(options), clock,
                                [this](const RecordingReport& report, const std::function<void()>& stored) {
                                  reports.push_back(report);
                                  if (audit_works) stored();
                                })
        .value();
  }
  // One of `bytes` bytes, closed now.
  std::string keep(RecordingStore& store, std::size_t bytes) {
    const std::string session = random_uuid();
    auto file = store.begin(session).value();
    EXPECT_TRUE(file.append(recording::Bytes(bytes)));
    EXPECT_TRUE(file.close());
    clock.advance(1h);
    return file.name();
  }
  [[nodiscard]] bool there(const std::string& name) const { return fs::exists(folder / ("recordings/" + name)); }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder / "recordings")) all.push_back(entry.path().filename());
    std::ranges::sort(all);
    return all;
  }
  void put(const std::string& name, const recording::Bytes& bytes) const {
    folder.write("recordings/" + name, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }

  TempDir folder;
  ManualClock clock;
  std::vector<RecordingReport> reports;
  bool audit_works = true;
};

TEST_F(RecordingStoreTest, AFileHasItsFinalNameWhenItIsClosed) {
  auto store = open();
  const std::string session = random_uuid();
  auto file = store->begin(session).value();
  ASSERT_TRUE(file.append(recording::Bytes(10)));
  EXPECT_THAT(names(), ElementsAre(session + ".tbrec.part"));
  ASSERT_TRUE(file.close());
  EXPECT_THAT(names(), ElementsAre(session + ".tbrec"));
  EXPECT_EQ(store->begin(session).error().code, Errc::kAlreadyExists) << "nothing is ever written over";
  EXPECT_THAT(reports, IsEmpty());
}

TEST_F(RecordingStoreTest, TheOldestGoWhenThereIsNoRoom) {
  auto store = open({.max_bytes = 1000});
  const std::string first = keep(*store, 400);
  const std::string second = keep(*store, 400);
  const std::string third = keep(*store, 400);
  EXPECT_FALSE(there(first));
  EXPECT_TRUE(there(second));
  EXPECT_TRUE(there(third));
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].kind, Kind::kDeleted);
  EXPECT_EQ(reports[0].session + ".tbrec", first);
  EXPECT_THAT(reports[0].detail, HasSubstr("lack of space"));
  EXPECT_EQ(store->bytes(), 800U);
}

TEST_F(RecordingStoreTest, TheYoungAreNeverDeletedForSpace) {
  auto store = open({.never_before = std::chrono::days(1), .max_bytes = 1000});
  const std::string first = keep(*store, 800);
  auto file = store->begin(random_uuid()).value();
  EXPECT_EQ(file.append(recording::Bytes(400)).error().code, Errc::kExhausted);
  EXPECT_TRUE(there(first));
  clock.advance(24h);
  EXPECT_TRUE(file.append(recording::Bytes(400)));
  EXPECT_FALSE(there(first));
}

TEST_F(RecordingStoreTest, AgeAloneDeletesToo) {
  auto store = open({.keep_for = std::chrono::days(2)});
  const std::string first = keep(*store, 10);
  clock.advance(40h);
  const std::string second = keep(*store, 10);
  store->tidy();
  EXPECT_TRUE(there(first));
  clock.advance(10h);
  store->tidy();
  EXPECT_FALSE(there(first));
  EXPECT_TRUE(there(second));
  EXPECT_THAT(reports.back().detail, HasSubstr("older than 2d"));
}

TEST_F(RecordingStoreTest, OneThatIsHeldStays) {
  auto store = open({.keep_for = std::chrono::days(1), .max_bytes = 100});
  const std::string held = keep(*store, 80);
  put(held + ".hold", {});
  clock.advance(100h);
  store->tidy();
  auto file = store->begin(random_uuid()).value();
  EXPECT_FALSE(file.append(recording::Bytes(80)));
  EXPECT_TRUE(there(held));
  fs::remove(folder / ("recordings/" + held + ".hold"));
  store->tidy();
  EXPECT_FALSE(there(held));
}

TEST_F(RecordingStoreTest, WhatTheAuditDoesNotKnowOfIsNotGone) {
  std::string name;
  {
    auto store = open({.keep_for = std::chrono::days(1)});
    name = keep(*store, 10);
    clock.advance(48h);
    audit_works = false;
    store->tidy();
    EXPECT_TRUE(there(name + ".deleting"));
  }
  audit_works = true;
  reports.clear();
  const auto again = open();
  ASSERT_EQ(reports.size(), 1U) << "it is said again";
  EXPECT_EQ(reports[0].session + ".tbrec", name);
  EXPECT_THAT(names(), IsEmpty());
}

// ---- what was left by a host that died

recording::Bytes begun(const std::string& session, std::size_t chunks, bool ended) {
  auto sealer = recording::Sealer::create(recording::make_key_pair().public_key, session, 0).value();
  recording::Bytes bytes = sealer.header();
  const auto add = [&bytes](const recording::Bytes& piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); };
  for (std::size_t i = 0; i < chunks; ++i) add(sealer.seal({i, recording::kStart, 0, 0}, recording::Bytes(50)));
  if (ended) add(sealer.finish(chunks, "done"));
  return bytes;
}

TEST_F(RecordingStoreTest, OneThatWasNotFinishedIsClosedAtItsLastWholePiece) {
  const std::string session = random_uuid();
  recording::Bytes bytes = begun(session, 3, false);
  const std::size_t whole = bytes.size();
  const recording::Bytes next = begun(session, 1, false);
  bytes.insert(bytes.end(), next.begin() + recording::kHeaderBytes,
               next.begin() + recording::kHeaderBytes + 30);  // cut
  fs::create_directories(folder / "recordings");
  put(session + ".tbrec.part", bytes);
  const auto store = open();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].kind, Kind::kFailed);
  EXPECT_EQ(reports[0].session, session);
  const fs::path path = folder / ("recordings/" + session + ".tbrec");
  EXPECT_EQ(fs::file_size(path), whole);
  const auto verified = recording::Recording::open(path).value().verify().value();
  EXPECT_THAT(reports[0].detail, HasSubstr(to_hex(verified.hash)));
  EXPECT_EQ(store->bytes(), whole);
}

TEST_F(RecordingStoreTest, OneThatWasFinishedAndNotReportedIs) {
  const std::string session = random_uuid();
  fs::create_directories(folder / "recordings");
  put(session + ".tbrec.part", begun(session, 3, true));
  const auto store = open();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].kind, Kind::kEnded);
  EXPECT_THAT(names(), ElementsAre(session + ".tbrec"));
}

TEST_F(RecordingStoreTest, AnEmptyOneAndWhatIsNotOursAreNoRecordings) {
  fs::create_directories(folder / "recordings");
  put(random_uuid() + ".tbrec.part", begun(random_uuid(), 0, false));
  put("notes.txt", recording::Bytes(10));
  const auto store = open({.max_bytes = 1});
  EXPECT_THAT(names(), ElementsAre("notes.txt"));
  EXPECT_EQ(store->bytes(), 0U);
}

TEST_F(RecordingStoreTest, AFullDiskTakesNoNewOnes) {
  RecordingStore::Options options;
  options.folder = folder / "recordings";
  options.least_free = ~std::uint64_t{0};
  const auto store = RecordingStore::open(options, clock, [](const auto&, const auto& stored) { stored(); }).value();
  EXPECT_EQ(store->ready().error().code, Errc::kExhausted);
}

TEST_F(RecordingStoreTest, WhatADisplayMayGoOnWithIsLeftAlone) {
  const std::string goes_on = random_uuid();
  const std::string left_over = random_uuid();
  for (const std::string& session : {goes_on, left_over}) put(session + ".tbrec.part", begun(session, 0, false));
  auto store = open({.interrupted = {goes_on}});
  EXPECT_TRUE(there(goes_on + ".tbrec.part"));
  EXPECT_FALSE(there(left_over + ".tbrec.part"));
  EXPECT_EQ(store->bytes(), 0U);
  {
    auto interrupted = store->resume(goes_on);
    ASSERT_TRUE(interrupted.has_value());
    EXPECT_EQ(interrupted->chain.bytes(), recording::kHeaderBytes);
    EXPECT_EQ(store->bytes(), recording::kHeaderBytes) << "and it takes its room";
  }
  EXPECT_EQ(store->resume(left_over).error().code, Errc::kNotFound);
  store->close_interrupted(goes_on);
  EXPECT_FALSE(there(goes_on + ".tbrec.part")) << "as any other that nobody goes on with";
}

}  // namespace
}  // namespace tobari::vmhost
