// SPDX-License-Identifier: GPL-3.0-or-later
// Which templates a host makes, uses and throws away. Pure; asked again after every change.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <tobari/base/ids.h>

namespace tobari::vmhost {

// The machine that a template is, and its copies are.
struct TemplateProfile {
  std::string image;
  std::uint32_t vcpus = 0;
  std::uint32_t memory_mib = 0;
  std::uint32_t heads = 0;
  friend bool operator==(const TemplateProfile&, const TemplateProfile&) = default;
};

struct WantedTemplate {
  std::string id;           // the broker's
  std::string fingerprint;  // of everything that a frozen one must agree in; empty: not known
  bool held = false;        // not to be made now: failed, or resting after a failure
};

// One that was made and frozen.
struct KeptTemplate {
  DesktopId generation;
  std::string fingerprint;
  bool usable = true;  // it is still what it was when it was frozen
};

struct TemplatePlan {
  std::map<std::string, DesktopId> use;     // by wanted id
  std::optional<std::string> make;          // the next one
  std::vector<DesktopId> nobody_wants_now;  // may go as soon as no disk stands on them
};

// One is made at a time: each costs the host a machine that boots.
[[nodiscard]] TemplatePlan plan_templates(std::span<const WantedTemplate> wanted, std::span<const KeptTemplate> kept);

}  // namespace tobari::vmhost
