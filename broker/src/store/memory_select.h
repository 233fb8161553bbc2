// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of MemoryTables share. Private to src/store.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::broker::memory {

inline std::unexpected<Error> missing(const char* what) {
  return fail(Errc::kNotFound, std::string("no such ") + what);
}
inline std::unexpected<Error> taken(const char* what) { return fail(Errc::kAlreadyExists, std::string(what)); }

template <class Map, class Key>
auto find_in(const Map& map, const Key& key, const char* what) -> Result<typename Map::mapped_type> {
  const auto at = map.find(key);
  if (at == map.end()) return missing(what);
  return at->second;
}

template <class T, class Map, class Keep>
std::vector<T> select(const Map& map, Keep keep) {
  std::vector<T> found;
  for (const auto& [key, value] : map) {
    if (keep(value)) found.push_back(value);
  }
  return found;
}

template <class T>
std::vector<T> by_name(std::vector<T> list) {
  std::ranges::sort(list, {}, &T::name);
  return list;
}

inline constexpr auto kAll = [](const auto&) { return true; };

}  // namespace tobari::broker::memory
