// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/config/config_file.h>

#include <algorithm>
#include <charconv>
#include <format>
#include <fstream>
#include <utility>

#include <yaml-cpp/yaml.h>

namespace tobari {
namespace {

std::string joined(std::span<const std::string_view> words) {
  std::string all;
  for (const std::string_view word : words) all += std::string(all.empty() ? "" : ", ").append(word);
  return all;
}

std::unexpected<Error> at_line(const std::string& name, int line, std::string_view problem) {
  return fail(Errc::kInvalidArgument, std::format("{}:{}: {}", name, line, problem));
}

Result<std::string> read_whole(const std::filesystem::path& file) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) return fail(Errc::kNotFound, std::format("{}: cannot be read: {}", file.string(), error.message()));
  if (size > ConfigFile::kMaxBytes) {
    return fail(Errc::kInvalidArgument, std::format("{}: a configuration has at most 64 KiB", file.string()));
  }
  std::string text(static_cast<std::size_t>(size), '\0');
  std::ifstream in(file, std::ios::binary);
  if (!in.read(text.data(), static_cast<std::streamsize>(size))) {
    return fail(Errc::kIo, std::format("{}: cannot be read", file.string()));
  }
  return text;
}

// A scalar or a list of scalars; anything else has no values.
std::vector<std::string> values_of(const YAML::Node& value) {
  if (value.IsScalar()) return {value.Scalar()};
  std::vector<std::string> values;
  if (!value.IsSequence()) return values;
  for (const YAML::Node& item : value) {
    if (!item.IsScalar() || item.Scalar().empty()) return {};
    values.push_back(item.Scalar());
  }
  return values;
}

using TextMap = std::map<std::string, std::string, std::less<>>;

// Of a list of maps of texts; anything else, also a key that is there twice, has none.
std::vector<TextMap> maps_of(const YAML::Node& value) {
  std::vector<TextMap> maps;
  if (!value.IsSequence()) return maps;
  for (const YAML::Node& item : value) {
    if (!item.IsMap()) return {};
    TextMap& map = maps.emplace_back();
    for (const auto& entry : item) {
      if (!entry.first.IsScalar() || !entry.second.IsScalar()) return {};
      if (!map.emplace(entry.first.Scalar(), entry.second.Scalar()).second) return {};
    }
  }
  return maps;
}

}  // namespace

Result<ConfigFile> ConfigFile::load(const std::filesystem::path& file, std::span<const std::string_view> keys) {
  TOBARI_ASSIGN(const std::string yaml, read_whole(file));
  return parse(yaml, file.string(), keys);
}

// yaml-cpp throws; nothing of that leaves here.
Result<ConfigFile> ConfigFile::parse(const std::string& yaml, std::string name,
                                     std::span<const std::string_view> keys) {
  ConfigFile config(std::move(name));
  try {
    const YAML::Node root = YAML::Load(yaml);
    if (!root.IsMap()) return at_line(config.name_, 1, "write the configuration as 'key: value' lines");
    for (const auto& entry : root) {
      const int line = entry.first.Mark().line + 1;
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "?";
      if (std::ranges::find(keys, key) == keys.end()) {
        return at_line(config.name_, line, std::format("unknown key '{}'; known are {}", key, joined(keys)));
      }
      if (!config.entries_
               .emplace(key, Entry{line, entry.second.IsSequence(), values_of(entry.second), maps_of(entry.second)})
               .second) {
        return at_line(config.name_, line, std::format("'{}' is there twice; keep one of them", key));
      }
    }
  } catch (const YAML::Exception& e) {
    return at_line(config.name_, e.mark.line + 1, e.msg);
  }
  return config;
}

std::unexpected<Error> ConfigFile::wrong(std::string_view key, std::string_view problem) const {
  const auto found = entries_.find(key);
  const std::string text = std::format("'{}' {}", key, problem);
  if (found != entries_.end()) return at_line(name_, found->second.line, text);
  return fail(Errc::kInvalidArgument, std::format("{}: {}", name_, text));
}

Result<std::string> ConfigFile::text(std::string_view key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return wrong(key, "is missing");
  const Entry& entry = found->second;
  if (entry.is_list || entry.values.size() != 1 || entry.values.front().empty()) return wrong(key, "needs a value");
  return entry.values.front();
}

Result<net::Endpoint> ConfigFile::endpoint(std::string_view key) const {
  TOBARI_ASSIGN(const std::string written, text(key));
  auto parsed = net::parse_endpoint(written);
  if (!parsed) return wrong(key, parsed.error().message);
  return parsed;
}

Result<std::filesystem::path> ConfigFile::folder(std::string_view key) const {
  TOBARI_ASSIGN(const std::filesystem::path path, text(key));
  if (!path.is_absolute()) return wrong(key, "must be an absolute path");
  return path;
}

Result<std::vector<std::string>> ConfigFile::list(std::string_view key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return wrong(key, "is missing");
  const Entry& entry = found->second;
  if (!entry.is_list || entry.values.empty() || entry.values.size() > kMaxListed) {
    return wrong(key, std::format("must list 1 to {} values", kMaxListed));
  }
  return entry.values;
}

Result<std::vector<std::vector<std::string>>> ConfigFile::records(std::string_view key,
                                                                  std::span<const std::string_view> fields,
                                                                  std::size_t most) const {
  std::vector<std::vector<std::string>> records;
  const auto found = entries_.find(key);
  if (found == entries_.end()) return records;
  const std::vector<TextMap>& maps = found->second.maps;
  if (maps.empty() || maps.size() > most) {
    return wrong(key, std::format("must list 1 to {} maps of {}", most, joined(fields)));
  }
  for (const TextMap& map : maps) {
    std::vector<std::string>& record = records.emplace_back();
    for (const std::string_view field : fields) {
      const auto value = map.find(field);
      if (value == map.end() || value->second.empty()) {
        return wrong(key, std::format("needs '{}' in each of its maps", field));
      }
      record.push_back(value->second);
    }
    if (map.size() != fields.size()) return wrong(key, std::format("has maps of {}, and nothing else", joined(fields)));
  }
  return records;
}

Result<std::string> ConfigFile::text_or(std::string_view key, std::string otherwise) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return otherwise;
  if (found->second.is_list || found->second.values.size() != 1) return wrong(key, "needs one value");
  return found->second.values.front();
}

Result<std::uint32_t> ConfigFile::number_or(std::string_view key, std::uint32_t otherwise) const {
  if (!has(key)) return otherwise;
  TOBARI_ASSIGN(const std::string written, text(key));
  std::uint32_t number = 0;
  const char* const end = written.data() + written.size();
  const auto [stopped, error] = std::from_chars(written.data(), end, number);
  if (error != std::errc{} || stopped != end) return wrong(key, "must be a number");
  return number;
}

Result<std::optional<net::Endpoint>> ConfigFile::loopback_endpoint(std::string_view key) const {
  if (!has(key)) return std::optional<net::Endpoint>();
  TOBARI_ASSIGN(std::string written, text(key));
  if (written.find_first_not_of("0123456789") == std::string::npos) written.insert(0, "127.0.0.1:");
  auto parsed = net::parse_endpoint(written);
  if (!parsed) return wrong(key, parsed.error().message + " (or a port alone: for this machine)");
  return std::optional(*std::move(parsed));
}

Result<log::Level> ConfigFile::log_level_or(std::string_view key, log::Level otherwise) const {
  if (!has(key)) return otherwise;
  TOBARI_ASSIGN(const std::string written, text(key));
  const auto level = log::parse_level(written);
  if (!level) return wrong(key, level.error().message);
  return *level;
}

}  // namespace tobari
