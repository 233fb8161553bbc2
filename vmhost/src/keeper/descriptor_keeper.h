// SPDX-License-Identifier: GPL-3.0-or-later
// Whoever holds descriptors, with a note each, for longer than this program lives: what a display process needs of its
// agent while there is none. When no agent comes back in time the processes end and everything is let go.
// Loop thread only. tests/contract/keeper says what every implementation does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/unique_fd.h>

namespace tobari::vmhost {

// keeper.proto
inline constexpr std::size_t kMaxKept = 32'768;
inline constexpr std::size_t kMaxKeptName = 128;
inline constexpr std::size_t kMaxKeptNote = 1024;

[[nodiscard]] constexpr bool may_be_kept(std::string_view name, std::string_view note) noexcept {
  return !name.empty() && name.size() <= kMaxKeptName && note.size() <= kMaxKeptNote;
}

struct Kept {
  std::string name;
  std::string note;
  UniqueFd descriptor;   // close-on-exec; empty: a note only
  bool process = false;  // it is a pidfd
};

class DescriptorKeeper {
 public:
  virtual ~DescriptorKeeper() = default;

  // What an earlier life of this program left, once. It is still kept, until it is dropped.
  [[nodiscard]] virtual std::vector<Kept> take() = 0;

  // From now on, in place of what has this name. `descriptor` stays the caller's. What may not be kept is not, with a
  // line in the log: a session that the next agent does not know ends with this one.
  enum class What : std::uint8_t { kDescriptor, kProcess };
  virtual void keep(const std::string& name, const std::string& note, int descriptor,
                    What what = What::kDescriptor) = 0;
  // The note alone, of what is kept already or of nothing more.
  virtual void annotate(const std::string& name, const std::string& note) = 0;
  virtual void drop(const std::string& name) = 0;  // unknown: nothing

  // Nothing is to outlive this program: processes that are still kept end, everything is let go.
  virtual void end() = 0;
};

}  // namespace tobari::vmhost
