// SPDX-License-Identifier: GPL-3.0-or-later
// A thousand ways to touch an audit that was exported, each of which must be found with one signed head kept elsewhere.
#include <array>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "audit_check.h"
#include "audit_lines.h"
#include "core/audit_chain.h"
#include "rest/api.h"

namespace tobari::cli {
namespace {

using broker::AuditRecord;
using Lines = std::vector<Json>;

constexpr int kTrials = 1000;
constexpr std::size_t kRecords = 200;

std::vector<AuditRecord> original() {
  std::vector<AuditRecord> records;
  broker::ChainHead head;
  for (std::size_t i = 0; i < kRecords; ++i) {
    records.push_back(broker::link_record(head, broker::Time(std::chrono::milliseconds(1'000 * i)),
                                          {.actor = "user" + std::to_string(i % 7),
                                           .action = "session.open",
                                           .object = "desktop \"" + std::to_string(i) + "\"",
                                           .client_address = "192.0.2.1",
                                           .outcome = broker::Outcome::kAllowed,
                                           .rule = "staff",
                                           .detail = "größer"}));
    head = {records.back().sequence, records.back().hash};
  }
  return records;
}

Lines exported(const std::vector<AuditRecord>& records) {
  Lines lines;
  for (const AuditRecord& record : records) lines.push_back(broker::view(record));
  return lines;
}

Result<void> check(const Lines& lines, const broker::SignedHead& kept) {
  TOBARI_ASSIGN(AuditCheck audit, AuditCheck::create({kept}, kept.key));
  for (const Json& line : lines) TOBARI_TRY(audit.record(Json::parse(json_line(line))));
  return audit.finish();
}

// What somebody who may write to the database can do: from record `from` on, all is linked anew.
Lines made_anew(std::vector<AuditRecord> records, std::size_t from) {
  records[from].draft.actor = "nobody";
  broker::ChainHead head =
      from == 0 ? broker::ChainHead{} : broker::ChainHead{records[from - 1].sequence, records[from - 1].hash};
  for (std::size_t i = from; i < records.size(); ++i) {
    records[i] = broker::link_record(head, records[i].time, records[i].draft);
    head = {records[i].sequence, records[i].hash};
  }
  return exported(records);
}

class Tamperer {
 public:
  Tamperer() : records_(original()) {}

  Lines touched(int trial) {
    Lines lines = exported(records_);
    const std::size_t at = pick(kRecords);
    switch (trial % 9) {
      case 0:
        change_a_letter(lines[at]);
        break;
      case 1:
        lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      case 2:
        std::swap(lines[at], lines[(at + 1 + pick(kRecords - 1)) % kRecords]);
        break;
      case 3:
        lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), lines[pick(kRecords)]);
        break;
      case 4:
        lines.resize(at);  // the end is cut off
        break;
      case 5:
        lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(1 + at));
        break;
      case 6:
        return made_anew(records_, at);
      case 7:
        lines[at]["note"] = "not covered by any hash";
        break;
      default:
        lines[at]["sequence"] = lines[at]["sequence"].get<std::uint64_t>() + 1 + pick(5);
    }
    return lines;
  }

 private:
  std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }

  void change_a_letter(Json& line) {
    constexpr std::array kMembers{"time",    "actor", "action",   "object", "client_address",
                                  "outcome", "rule",  "previous", "hash"};
    auto& member = line[kMembers[pick(kMembers.size())]].get_ref<std::string&>();
    const std::size_t letter = pick(member.size());
    member[letter] = member[letter] == 'x' ? 'y' : 'x';
  }

  const std::vector<AuditRecord> records_;
  std::mt19937 random_{20'261'127};
};

TEST(AuditTamper, IsFoundEveryTime) {
  Tamperer tamperer;
  const auto records = original();
  const auto signer = broker::HeadSigner::create(std::string(64, '7')).value();
  const auto kept = signer.sign({records.back().sequence, records.back().hash}, broker::Time{});
  ASSERT_TRUE(check(exported(records), kept).has_value());
  int found = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    const auto checked = check(tamperer.touched(trial), kept);
    found += checked.has_value() ? 0 : 1;
    EXPECT_FALSE(checked.has_value()) << "trial " << trial;
  }
  EXPECT_EQ(found, kTrials);
}

TEST(AuditTamper, RecordsAfterTheKeptHeadAreNoMistake) {
  const auto records = original();
  const auto signer = broker::HeadSigner::create(std::string(64, '7')).value();
  EXPECT_TRUE(check(exported(records), signer.sign({50, records[49].hash}, broker::Time{})).has_value());
  EXPECT_TRUE(check(exported(records), signer.sign({}, broker::Time{})).has_value());
}

}  // namespace
}  // namespace tobari::cli
