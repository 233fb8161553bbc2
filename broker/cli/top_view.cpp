// SPDX-License-Identifier: GPL-3.0-or-later
#include "top_view.h"

#include <algorithm>
#include <array>
#include <format>
#include <string_view>
#include <vector>

#include "output.h"

namespace tobari::cli {
namespace {

double number_of(const Json& object, const char* member) {
  const auto at = object.find(member);
  return at != object.end() && at->is_number() ? at->get<double>() : 0;
}

// Of names and addresses that others chose: no control characters, C1 in UTF-8 included.
std::string for_terminal(const std::string& text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
      shown += '?';
      ++i;
    } else {
      shown += byte < 0x20 || byte == 0x7f ? '?' : text[i];
    }
  }
  return shown;
}

std::string text_of(const Json& object, const char* member) {
  const auto at = object.find(member);
  return at != object.end() && at->is_string() ? for_terminal(at->get<std::string>()) : std::string();
}

// "12.3 M"
std::string scaled(double value, const char* unit) {
  constexpr std::array kSteps{"", "k", "M", "G", "T", "P"};
  std::size_t step = 0;
  for (; value >= 999.5 && step + 1 < kSteps.size(); ++step) value /= 1000;
  if (step == 0) return std::format("{:.0f} {}", value, unit);
  return std::format("{:.{}f} {}{}", value, value < 9.95 ? 1 : 0, kSteps[step], unit);
}

Json with_rates(Json row, const Json& of) {
  if (!of.contains("pixels_per_second")) return row;
  row["frames"] = std::format("{:.0f}", number_of(of, "frames_per_second"));
  row["bytes"] = scaled(number_of(of, "bytes_per_second"), "B/s");
  row["pixels"] = scaled(number_of(of, "pixels_per_second"), "px/s");
  return row;
}

Json host_row(const Json& host) {
  const std::string state = text_of(host, "state");
  Json row{{"name", text_of(host, "name")},
           {"state", text_of(host, "mode") == "draining" ? state + ", draining" : state},
           {"desktops", std::format("{:.0f}", number_of(host, "desktops"))}};
  if (host.contains("cpu")) {
    row["cpu"] = std::format("{:.0f}% of {:.0f}", number_of(host, "cpu") * 100, number_of(host, "cpus"));
    row["clients"] = std::format("{:.0f}", number_of(host, "clients"));
  }
  if (host.contains("memory_available_mib")) {
    row["memory"] = std::format("{:.1f} of {:.1f} GiB", number_of(host, "memory_available_mib") / 1024,
                                number_of(host, "memory_mib") / 1024);
  }
  return with_rates(std::move(row), host);
}

Json pool_row(const Json& pool) {
  Json row{{"name", text_of(pool, "name")}};
  for (const char* member : {"assigned", "spares", "desktops", "max"}) {
    row[member] = std::format("{:.0f}", number_of(pool, member));
  }
  return row;
}

Json session_row(const Json& session) {
  Json row{{"user", text_of(session, "user")},
           {"desktop", text_of(session, "desktop")},
           {"host", text_of(session, "host")},
           {"state", text_of(session, "state")},
           {"from", text_of(session, "client_address")}};
  if (session.contains("input_p50_ms")) {
    row["input"] =
        std::format("{:.0f} / {:.0f} ms", number_of(session, "input_p50_ms"), number_of(session, "input_p99_ms"));
  }
  return with_rates(std::move(row), session);
}

std::vector<Json> sorted_sessions(const Json& load, TopOrder order) {
  std::vector<Json> sessions;
  for (const Json& session : load.value("sessions", Json::array())) {
    if (session.is_object()) sessions.push_back(session);
  }
  if (order == TopOrder::kUser) {
    std::ranges::stable_sort(sessions, {}, [](const Json& session) { return text_of(session, "user"); });
    return sessions;
  }
  const char* member = order == TopOrder::kPixels  ? "pixels_per_second"
                       : order == TopOrder::kBytes ? "bytes_per_second"
                                                   : "input_p99_ms";
  std::ranges::stable_sort(sessions, std::greater<>{},
                           [member](const Json& session) { return number_of(session, member); });
  return sessions;
}

std::string summary(const Json& load) {
  const Json desktops = load.value("desktops", Json::object());
  double clients = 0;
  double offered = 0;
  for (const Json& session : load.value("sessions", Json::array())) {
    ++(text_of(session, "state") == "connected" ? clients : offered);
  }
  return std::format(
      "tobari top  {}\ndesktops: {:.0f} running, {:.0f} starting, {:.0f} stopped, {:.0f} failed; "
      "sessions: {:.0f} connected, {:.0f} offered\n",
      text_of(load, "time"), number_of(desktops, "running"), number_of(desktops, "starting"),
      number_of(desktops, "stopped"), number_of(desktops, "failed"), clients, offered);
}

// Cut to the screen, never inside a character.
std::string fitted(const std::string& text, const TopScreen::Size& size) {
  std::string shown;
  std::size_t rows = 0;
  for (std::size_t at = 0; at < text.size() && rows < size.rows; ++rows) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::size_t width = 0;
    for (std::size_t i = at; i < end; ++i) {
      const bool begins = (static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80U;
      if (begins && ++width > size.columns) break;
      shown += text[i];
    }
    shown += '\n';
    at = end + 1;
  }
  return shown;
}

}  // namespace

std::string top_view(const Json& answer, const TopScreen& screen) {
  const Json load = answer.is_object() ? answer : Json::object();
  std::string text = summary(load);
  if (!screen.note.empty()) text += for_terminal(screen.note) + "\n";
  Json hosts = Json::array();
  for (const Json& host : load.value("hosts", Json::array())) hosts.push_back(host_row(host));
  text += "\n" + table(hosts, {{"HOST", "name"},
                               {"STATE", "state"},
                               {"CPU", "cpu"},
                               {"FREE MEMORY", "memory"},
                               {"DESKTOPS", "desktops"},
                               {"CLIENTS", "clients"},
                               {"FRAMES/S", "frames"},
                               {"SENT", "bytes"},
                               {"ENCODED", "pixels"}});
  Json pools = Json::array();
  for (const Json& pool : load.value("pools", Json::array())) pools.push_back(pool_row(pool));
  if (!pools.empty()) {
    text += "\n" + table(pools, {{"POOL", "name"},
                                 {"ASSIGNED", "assigned"},
                                 {"SPARES", "spares"},
                                 {"DESKTOPS", "desktops"},
                                 {"MAX", "max"}});
  }
  Json sessions = Json::array();
  for (const Json& session : sorted_sessions(load, screen.order)) sessions.push_back(session_row(session));
  text += "\n" + table(sessions, {{"USER", "user"},
                                  {"DESKTOP", "desktop"},
                                  {"HOST", "host"},
                                  {"STATE", "state"},
                                  {"FROM", "from"},
                                  {"FRAMES/S", "frames"},
                                  {"SENT", "bytes"},
                                  {"ENCODED", "pixels"},
                                  {"INPUT 50/99%", "input"}});
  return screen.size ? fitted(text, *screen.size) : text;
}

}  // namespace tobari::cli
