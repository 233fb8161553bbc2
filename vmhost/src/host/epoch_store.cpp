// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/epoch_store.h"

#include <charconv>
#include <format>
#include <sstream>

#include "host/files.h"

namespace tobari::vmhost {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{16} << 20;

Result<std::pair<DesktopId, std::uint64_t>> parse_line(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return fail(Errc::kInvalidArgument, "no space");
  TOBARI_ASSIGN(DesktopId id, DesktopId::parse(line.substr(0, space)));
  const std::string_view digits = line.substr(space + 1);
  std::uint64_t epoch = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), epoch);
  if (error != std::errc() || end != digits.data() + digits.size()) return fail(Errc::kInvalidArgument, "no number");
  return std::pair(std::move(id), epoch);
}

}  // namespace

Result<EpochStore> EpochStore::open(std::filesystem::path file) {
  Epochs epochs;
  auto text = read_small_file(file, kMaxBytes);
  if (!text && text.error().code != Errc::kNotFound) return context(std::move(text).error(), "read the epochs");
  std::istringstream lines(text.value_or(std::string()));
  for (std::string line; std::getline(lines, line);) {
    auto entry = parse_line(line);
    if (!entry) return fail(Errc::kInvalidArgument, std::format("{} is damaged at \"{}\"", file.string(), line));
    epochs.insert(*std::move(entry));
  }
  return EpochStore(std::move(file), std::move(epochs));
}

Result<void> EpochStore::raise(std::span<const std::pair<DesktopId, std::uint64_t>> epochs) {
  Epochs raised = epochs_;
  for (const auto& [id, epoch] : epochs) {
    auto& known = raised[id];
    known = std::max(known, epoch);
  }
  if (raised == epochs_) return {};
  std::string text;
  for (const auto& [id, epoch] : raised) text += std::format("{} {}\n", id.str(), epoch);
  TOBARI_TRY(write_file_durably(file_, text));
  epochs_ = std::move(raised);
  return {};
}

}  // namespace tobari::vmhost
