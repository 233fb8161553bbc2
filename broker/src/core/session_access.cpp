// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/session_access.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <format>
#include <span>

#include <nlohmann/json.hpp>

#include <tobari/base/random.h>

namespace tobari::broker {
namespace {

using Json = nlohmann::json;

Json to_json(const policy::Limits& limits) {
  Json json = Json::object();
  Json formats = Json::array();
  for (std::size_t i = 0; i < policy::kFormatNames.size(); ++i) {
    if (limits.formats.has(static_cast<policy::Format>(i))) formats.push_back(policy::kFormatNames[i]);
  }
  json["formats"] = std::move(formats);
  if (limits.bytes_per_transfer) json["per_transfer"] = *limits.bytes_per_transfer;
  if (limits.bytes_per_day) json["per_day"] = *limits.bytes_per_day;
  if (limits.bytes_per_second) json["per_second"] = *limits.bytes_per_second;
  return json;
}

Json to_json(const policy::Grant& grant) {
  Json channels = Json::array();
  for (const policy::ChannelGrant& channel : grant.channels) {
    channels.push_back({{"channel", channel.channel}, {"rule", channel.rule}, {"limits", to_json(channel.limits)}});
  }
  return {{"user", grant.user},
          {"desktop", grant.desktop_id},
          {"channels", std::move(channels)},
          {"max_monitors", grant.max_monitors},
          {"max_pixels", grant.max_pixels},
          {"idle", grant.idle_timeout.count()},
          {"absolute", grant.absolute_timeout.count()},
          {"visible_watermark", grant.visible_watermark},
          {"invisible_watermark", grant.invisible_watermark},
          {"recording", static_cast<int>(grant.recording)},
          {"notices", grant.notices}};
}

std::optional<std::uint64_t> number(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

std::string text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool flag(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

policy::Limits limits_of(const Json& json) {
  policy::Limits limits{.formats = {},
                        .bytes_per_transfer = number(json, "per_transfer"),
                        .bytes_per_day = number(json, "per_day"),
                        .bytes_per_second = number(json, "per_second")};
  const auto formats = json.find("formats");
  if (formats == json.end() || !formats->is_array()) return limits;
  for (const Json& each : *formats) {
    const auto format = each.is_string() ? policy::find_format(each.get<std::string>()) : std::nullopt;
    if (format) limits.formats.add(*format);
  }
  return limits;
}

policy::Grant grant_of(const Json& json) {
  policy::Grant grant;
  grant.user = text(json, "user");
  grant.desktop_id = text(json, "desktop");
  if (const auto channels = json.find("channels"); channels != json.end() && channels->is_array()) {
    for (const Json& each : *channels) {
      if (!each.is_object()) continue;
      const auto limits = each.find("limits");
      grant.channels.push_back(
          {text(each, "channel"), text(each, "rule"), limits_of(limits != each.end() ? *limits : Json::object())});
    }
  }
  grant.max_monitors = static_cast<std::uint32_t>(number(json, "max_monitors").value_or(1));
  grant.max_pixels = number(json, "max_pixels").value_or(0);
  grant.idle_timeout = std::chrono::seconds(number(json, "idle").value_or(0));
  grant.absolute_timeout = std::chrono::seconds(number(json, "absolute").value_or(0));
  grant.visible_watermark = flag(json, "visible_watermark");
  grant.invisible_watermark = flag(json, "invisible_watermark");
  grant.recording = static_cast<policy::Recording>(std::min<std::uint64_t>(number(json, "recording").value_or(0), 2));
  if (const auto notices = json.find("notices"); notices != json.end() && notices->is_array()) {
    for (const Json& each : *notices) {
      if (each.is_string()) grant.notices.push_back(each.get<std::string>());
    }
  }
  return grant;
}

std::string in_words(const policy::Limits& limits) {
  std::string words;
  for (std::size_t i = 0; i < policy::kFormatNames.size(); ++i) {
    if (limits.formats.has(static_cast<policy::Format>(i))) {
      words.append(words.empty() ? "" : " ").append(policy::kFormatNames[i]);
    }
  }
  const auto bytes = [&words](const std::optional<std::uint64_t>& limit, const char* per) {
    if (limit) words += std::format(", {} bytes a {}", *limit, per);
  };
  bytes(limits.bytes_per_transfer, "transfer");
  bytes(limits.bytes_per_day, "day");
  bytes(limits.bytes_per_second, "second");
  return words;
}

std::string hex_of(const policy::DeviceCertificate& device) {
  return device.sha256 ? to_hex(std::as_bytes(std::span(*device.sha256))) : std::string();
}

Json to_json(const policy::DeviceCertificate& device) {
  return {{"sha256", hex_of(device)}, {"issuer", device.issuer}};
}

// Missing: nobody asked, as in sessions from before devices were asked. What cannot be read is not known either.
std::optional<policy::DeviceCertificate> device_of(const Json& json) {
  const auto found = json.find("device");
  if (found == json.end() || !found->is_object()) return std::nullopt;
  const std::string hex = text(*found, "sha256");
  policy::DeviceCertificate device{.sha256 = policy::parse_sha256(hex), .issuer = text(*found, "issuer")};
  if (!hex.empty() && !device.sha256) return std::nullopt;
  return device;
}

}  // namespace

std::string to_text(const SessionAccess& access) {
  Json json{{"grant", to_json(access.grant)},
            {"address", access.client_address},
            {"client", access.client},
            {"mfa", access.mfa_level}};
  if (access.sessions) json["sessions"] = *access.sessions;
  if (access.device) json["device"] = to_json(*access.device);
  if (access.narrowed) json["narrowed"] = true;
  if (!access.ended_because.empty()) json["ended"] = access.ended_because;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<SessionAccess> parse_access(std::string_view stored) {
  if (stored.empty()) return SessionAccess{};
  const Json json = Json::parse(stored, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("grant")) {
    return fail(Errc::kInternal, "what a session was granted cannot be read");
  }
  SessionAccess access;
  access.grant = grant_of(json["grant"]);
  access.client_address = text(json, "address");
  access.client = text(json, "client");
  access.mfa_level = static_cast<std::uint32_t>(number(json, "mfa").value_or(1));
  if (const auto sessions = number(json, "sessions")) access.sessions = static_cast<std::uint32_t>(*sessions);
  access.device = device_of(json);
  access.narrowed = flag(json, "narrowed");
  access.ended_because = text(json, "ended");
  return access;
}

std::string in_words(const std::optional<policy::DeviceCertificate>& device) {
  constexpr std::size_t kShownDigits = 16;
  if (!device || !device->sha256) return {};
  return std::format("device {} of {}", hex_of(*device).substr(0, kShownDigits), device->issuer);
}

policy::Grant narrowed(const policy::Grant& had, const policy::Grant& fresh) {
  const std::array both{had, fresh};
  policy::Grant now = policy::narrowest(both);
  // The rules that opened a channel are those of its beginning, unless it was closed meanwhile.
  for (policy::ChannelGrant& channel : now.channels) {
    if (const policy::ChannelGrant* const before = had.find(channel.channel)) channel.rule = before->rule;
  }
  now.notices = had.notices;
  return now;
}

std::optional<std::string> must_end(const policy::Grant& had, const policy::Grant& fresh) {
  if (fresh.find("connect") == nullptr) return "it may not connect any more";
  if (fresh.recording > had.recording) return "it must be recorded now: connect again";
  return std::nullopt;
}

std::string describe_less(const policy::Grant& before, const policy::Grant& now) {
  std::string words;
  const auto add = [&words](const std::string& what) { words += (words.empty() ? "" : "; ") + what; };
  for (const policy::ChannelGrant& channel : before.channels) {
    const policy::ChannelGrant* const left = now.find(channel.channel);
    if (left == nullptr) {
      add(channel.channel + " closed");
    } else if (left->limits != channel.limits) {
      add(std::format("{}: {}", channel.channel, in_words(left->limits)));
    }
  }
  if (now.max_monitors != before.max_monitors) add(std::format("{} monitors", now.max_monitors));
  if (now.max_pixels != before.max_pixels) add(std::format("{} pixels", now.max_pixels));
  if (now.idle_timeout != before.idle_timeout) add(std::format("idle {} s", now.idle_timeout.count()));
  if (now.absolute_timeout != before.absolute_timeout) add(std::format("{} s in all", now.absolute_timeout.count()));
  if (now.visible_watermark != before.visible_watermark || now.invisible_watermark != before.invisible_watermark) {
    add("watermark");
  }
  return words;
}

}  // namespace tobari::broker
