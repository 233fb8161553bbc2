// SPDX-License-Identifier: GPL-3.0-or-later
#include "image_lines.h"

#include <cstdint>
#include <format>

namespace tobari::cli {
namespace {

std::string ref_of(const Json& version) {
  return std::format("{}@{}", version.value("image", ""), version.value("version", 0U));
}

std::string gib_of(const Json& facts, const char* member) {
  const auto bytes = facts.value(member, std::uint64_t{0});
  if (bytes == 0) return "-";
  return std::format("{:.1f} GiB", static_cast<double>(bytes) / static_cast<double>(std::uint64_t{1} << 30U));
}

void add_line(std::string& out, const char* title, const std::string& value) {
  if (!value.empty()) out += std::format("{:<12} {}\n", title, value);
}

std::string comma_between(const Json& list) {
  std::string out;
  for (const Json& each : list) out += (out.empty() ? "" : ", ") + each.get<std::string>();
  return out;
}

std::string host_line(const Json& host) {
  std::string line = std::format("  {:<20} {}", host.value("host", ""), host.value("state", ""));
  if (host.contains("progress")) line += std::format(" {:.1f} %", host.value("progress", 0.0));
  if (host.contains("verified")) line += std::format(", verified {} times", host.value("verified", 0U));
  if (host.contains("detail")) line += ": " + host.value("detail", "");
  return line + "\n";
}

}  // namespace

Json version_lines(const Json& answer) {
  Json lines = Json::array();
  for (const Json& image : answer.value("images", Json::array())) {
    for (const Json& version : image.value("versions", Json::array())) {
      const Json facts = version.value("facts", Json::object());
      const Json source = version.value("source", Json::object());
      lines.push_back({{"ref", ref_of(version)},
                       {"state", version.value("state", "")},
                       {"format", source.value("format", "")},
                       {"disk", gib_of(facts, "virtual_bytes")},
                       {"made_at", version.value("made_at", "")},
                       {"made_by", version.value("made_by", "")},
                       {"notes", version.value("notes", "")}});
    }
  }
  return lines;
}

std::string progress_line(const Json& version) {
  std::string line = std::format("{} {}", ref_of(version), version.value("state", ""));
  if (version.contains("progress")) line += std::format(" {:.1f} %", version.value("progress", 0.0));
  std::string detail = version.value("detail", "");
  for (const Json& host : version.value("hosts", Json::array())) {
    if (detail.empty() && host.value("host", "") == version.value("imported_on", "-"))
      detail = host.value("detail", "");
  }
  return detail.empty() ? line : line + ": " + detail;
}

std::string version_text(const Json& version) {
  const Json facts = version.value("facts", Json::object());
  const Json source = version.value("source", Json::object());
  std::string out = progress_line(version) + "\n";
  add_line(out, "source",
           std::format("{} ({}) on {}", source.value("file", ""), source.value("format", ""),
                       version.value("imported_on", "")));
  add_line(out, "made", std::format("{} by {}", version.value("made_at", ""), version.value("made_by", "")));
  add_line(out, "published", version.value("published_at", ""));
  add_line(out, "disk", std::format("{}, {} stored", gib_of(facts, "virtual_bytes"), gib_of(facts, "stored_bytes")));
  add_line(out, "machine", std::format("{}, {} devices", facts.value("firmware", "-"), facts.value("devices", "-")));
  add_line(out, "system", facts.value("guest", ""));
  add_line(out, "digest", version.value("digest", ""));
  if (version.contains("signature_holds")) {
    const bool holds = version.value("signature_holds", false);
    add_line(out, "signature", holds ? "holds" : version.value("signature_problem", "does not hold"));
  }
  add_line(out, "notes", version.value("notes", ""));
  add_line(out, "pinned", comma_between(version.value("pinned_pools", Json::array())));
  add_line(out, "desktops", std::to_string(version.value("desktops", std::uint64_t{0})));
  for (const Json& host : version.value("hosts", Json::array())) out += host_line(host);
  return out;
}

std::string image_text(const Json& image) {
  std::string out;
  for (const Json& version : image.value("versions", Json::array())) {
    out += (out.empty() ? "" : "\n") + version_text(version);
  }
  return out.empty() ? image.value("name", "") + " has no versions\n" : out;
}

}  // namespace tobari::cli
