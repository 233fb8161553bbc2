// SPDX-License-Identifier: GPL-3.0-or-later
// The catalogue's decisions, each inside one transaction of the store. Errors are sentences for people; nothing has
// changed then. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>

#include "store/state_store.h"

namespace tobari::broker::control {

// That are not retired or failed, of all images: each is on every host.
inline constexpr std::size_t kMaxLiveVersions = 200;
inline constexpr std::size_t kMaxImages = 128;

struct NewVersion {
  std::string image;  // made when it is not there
  Node host;
  ImageOrder order;
  std::string notes;
  std::string by;
};
// kExhausted: there are too many.
[[nodiscard]] Result<ImageVersion> begin_import(Writer& writer, const NewVersion& wanted, Time now);

// What a host says that its import came to. False: it is not this host's, or known already.
struct Imported {
  HostId host;
  std::string image;
  std::uint32_t version = 0;
  std::string digest;  // empty: it failed, and `detail` says why
  ImageFacts facts;
  std::string detail;
};
// `sign` fills in the signature of what is ready.
[[nodiscard]] Result<bool> finish_import(Writer& writer, const Imported& imported,
                                         const std::function<void(ImageVersion&)>& sign);

// New desktops are made from it from now on. kAlreadyExists: it is, or it cannot be.
[[nodiscard]] Result<ImageVersion> publish(Writer& writer, std::string_view name, std::uint32_t version, Time now);
// Back to the one that was published before, which is returned. kNotFound: there is none.
[[nodiscard]] Result<ImageVersion> roll_back(Writer& writer, std::string_view name);
// Nothing is made from it any more, and hosts remove it when they can. kAlreadyExists: it is published, or a pool is
// pinned to it.
[[nodiscard]] Result<ImageVersion> retire_version(Writer& writer, std::string_view name, std::uint32_t version);
// Hosts are to read all its files again.
[[nodiscard]] Result<ImageVersion> ask_to_verify(Writer& writer, std::string_view name, std::uint32_t version);

// Names of the pools that this version is pinned to.
[[nodiscard]] Result<std::vector<std::string>> pools_pinned_to(const Reader& reader, std::string_view ref);

// What is to be changed of a pool so that it is pinned to the version, or follows what is published again.
// kInvalidArgument: nothing can be made from it.
[[nodiscard]] Result<Pool> pinned(const Reader& reader, Pool pool, std::string_view name, std::uint32_t version);
[[nodiscard]] Result<Pool> unpinned(const Reader& reader, Pool pool);

}  // namespace tobari::broker::control
