// SPDX-License-Identifier: GPL-3.0-or-later
// Ids are distinct types, so that a session's cannot be passed for a desktop's. Text form: lower-case UUID (RFC 9562,
// version 4) unless said otherwise; a peer's text becomes an id only through parse().
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <tobari/base/random.h>
#include <tobari/base/result.h>

namespace tobari {

template <class Tag>
class Id {
 public:
  Id() = default;  // no id at all: empty() is true

  [[nodiscard]] static Id random() { return Id(random_uuid()); }
  [[nodiscard]] static Result<Id> parse(std::string_view text) {
    if (!is_uuid(text)) return fail(Errc::kInvalidArgument, "not a UUID");
    return Id(std::string(text));
  }

  [[nodiscard]] const std::string& str() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  friend auto operator<=>(const Id&, const Id&) = default;

 private:
  explicit Id(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

using DesktopId = Id<struct DesktopTag>;
using SessionId = Id<struct SessionTag>;
using HostId = Id<struct HostTag>;
using UserId = Id<struct UserTag>;
using RequestId = Id<struct RequestTag>;
using PoolId = Id<struct PoolTag>;
using UserDiskId = Id<struct UserDiskTag>;

}  // namespace tobari

template <class Tag>
struct std::hash<tobari::Id<Tag>> {
  std::size_t operator()(const tobari::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};
