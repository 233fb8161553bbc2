// SPDX-License-Identifier: GPL-3.0-or-later
// Which routing token leads to which desktop's display: by the token's SHA-256, good once, for a stated time. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>

namespace tobari::vmhost {

class ArmedSessions {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kMax = 4096;
  static constexpr std::size_t kHashBytes = 32;
  static constexpr std::chrono::seconds kLongest{300};

  struct Target {
    SessionId session;
    DesktopId desktop;
  };

  // A session has one token: arming it again replaces the earlier one.
  [[nodiscard]] Result<void> arm(const std::string& token_sha256, Target target, Time now, std::chrono::seconds valid) {
    if (token_sha256.size() != kHashBytes) return fail(Errc::kInvalidArgument, "routing token hash is not 32 bytes");
    if (valid <= std::chrono::seconds(0)) return fail(Errc::kInvalidArgument, "ticket is valid for no time");
    std::erase_if(entries_,
                  [&](const auto& e) { return e.second.until < now || e.second.target.session == target.session; });
    if (entries_.size() >= kMax) return fail(Errc::kExhausted, "too many sessions wait for their client");
    entries_[token_sha256] = Entry{std::move(target), now + std::min(valid, kLongest)};
    return {};
  }

  // Takes it: the same token asked for again is unknown. The hash is compared, so time tells nothing about the token.
  [[nodiscard]] std::optional<Target> take(const std::string& token_sha256, Time now) {
    const auto found = entries_.find(token_sha256);
    if (found == entries_.end()) return std::nullopt;
    const Entry entry = std::move(found->second);
    entries_.erase(found);
    if (entry.until < now) return std::nullopt;
    return entry.target;
  }

  void forget(const SessionId& session) {
    std::erase_if(entries_, [&](const auto& e) { return e.second.target.session == session; });
  }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    Target target;
    Time until;
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace tobari::vmhost
