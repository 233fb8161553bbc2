// SPDX-License-Identifier: GPL-3.0-or-later
// Things to put into a StateStore.
#pragma once

#include <filesystem>
#include <stdlib.h>
#include <string>

#include "store/state_store.h"

namespace tobari::broker::samples {

inline const Time kNow = Time{} + std::chrono::hours(24 * 365 * 50);

inline User user(std::string name) { return {UserId::random(), std::move(name), Role::kUser, "hash"}; }
inline Node host(std::string name) { return {HostId::random(), std::move(name), NodeRole::kHost, kNow}; }
inline Desktop desktop(const User& owner, const Node& host, std::string name) {
  return {.id = DesktopId::random(),
          .name = std::move(name),
          .user = owner.id,
          .user_name = owner.name,
          .host = host.id,
          .host_name = host.name,
          .image = "debian",
          .vcpus = 2,
          .memory_mib = 1024,
          .power = Power::kOn,
          .epoch = 1};
}
inline Pool pool(std::string name, PoolKind kind = PoolKind::kFloating) {
  Pool made;
  made.id = PoolId::random();
  made.name = std::move(name);
  made.kind = kind;
  made.image = "debian";
  made.vcpus = 1;
  made.memory_mib = 512;
  made.labels = {"office", "ward-3"};
  made.max = 10;
  made.keep = std::chrono::seconds(3600);
  return made;
}
// A spare; of `owner` when it has one.
inline Desktop pooled(const Pool& pool, const Node& host, std::string name, const User& owner = {}) {
  Desktop made = desktop(owner, host, std::move(name));
  made.pool = pool.id;
  made.memory_mib = pool.memory_mib;
  return made;
}
inline Session session(const Desktop& of, std::string route, Time created_at = kNow) {
  return {.id = SessionId::random(),
          .desktop = of.id,
          .user = of.user,
          .user_name = of.user_name,
          .host = of.host,
          .state = SessionState::kOffered,
          .client_address = "192.0.2.1",
          .client_name = "thin client",
          .detail = "",
          .created_at = created_at,
          .offer_expires_at = created_at + std::chrono::minutes(1),
          .routing_sha256 = std::move(route),
          .routed = false,
          .further = {}};
}
inline AuditDraft draft(std::string action) {
  return {.actor = "alice",
          .action = std::move(action),
          .object = "",
          .client_address = "",
          .outcome = Outcome::kDone,
          .rule = "",
          .detail = ""};
}

// A folder that goes away with the test.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tobari-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tobari::broker::samples
