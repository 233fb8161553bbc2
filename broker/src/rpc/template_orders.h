// SPDX-License-Identifier: GPL-3.0-or-later
// Which machines a host has ready as templates, and which of its desktops are copies of them (docs/CLONES.md): every
// kind that a pool makes desktops of. Pure.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <tobari/host.pb.h>

#include "core/types.h"

namespace tobari::broker {

inline constexpr std::size_t kMaxTemplates = 64;  // host.proto

struct MachineKind {
  std::string image;
  std::uint32_t vcpus = 0;
  std::uint32_t memory_mib = 0;
  std::uint32_t heads = 0;
  friend auto operator<=>(const MachineKind&, const MachineKind&) = default;
};

// The same kind has the same name at every broker, whenever it is asked.
[[nodiscard]] std::string template_id(const MachineKind& kind);

// Of all pools that make desktops, in their order, each once; without those beyond kMaxTemplates, whose desktops boot.
// `pools`: with what they are made of now (control::pools_as_made()).
[[nodiscard]] std::vector<MachineKind> kinds_made(std::span<const Pool> pools);

// Adds to `state`, whose desktops are those of `desktops` in their order: templates of the kinds whose image is there.
void add_templates(wire::DesiredState& state, std::span<const Desktop> desktops, std::span<const MachineKind> kinds,
                   std::span<const std::string> images_there);

}  // namespace tobari::broker
