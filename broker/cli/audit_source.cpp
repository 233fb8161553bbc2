// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit_source.h"

#include <format>
#include <fstream>
#include <string>

#include "daemon/files.h"

namespace tobari::cli {

Result<std::uint64_t> records_of_broker(Portal& portal, std::uint64_t from, const EachRecord& each) {
  for (;;) {
    TOBARI_ASSIGN(const Json answer, portal.call("GET", std::format("/audit?after={}", from)));
    const Json records = answer.value("records", Json::array());
    if (records.empty()) return from;
    for (const Json& record : records) TOBARI_TRY(each(record));
    const auto last = records.back().value("sequence", std::uint64_t{0});
    if (last <= from) return fail(Errc::kPeerProtocol, "the broker's answer does not go on");
    from = last;
  }
}

Result<void> records_of_file(const std::filesystem::path& file, const EachRecord& each) {
  std::ifstream in(file);
  if (!in) return fail(Errc::kNotFound, std::format("cannot read {}", file.string()));
  std::string line(kMaxAuditLine + 1, '\0');
  for (std::size_t number = 1; in.getline(line.data(), static_cast<std::streamsize>(line.size())); ++number) {
    const Json record = Json::parse(line.data(), nullptr, false);
    if (record.is_discarded()) {
      return fail(Errc::kInvalidArgument, std::format("{}:{}: that is no JSON", file.string(), number));
    }
    TOBARI_TRY(each(record));
  }
  if (in.eof()) return {};
  return fail(Errc::kInvalidArgument, std::format("{}: a line is longer than {} bytes", file.string(), kMaxAuditLine));
}

Result<Json> read_json_file(const std::filesystem::path& file) {
  TOBARI_ASSIGN(const std::string text, broker::read_small_file(file));
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return fail(Errc::kInvalidArgument, std::format("{}: that is no JSON", file.string()));
  return json;
}

}  // namespace tobari::cli
