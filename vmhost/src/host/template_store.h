// SPDX-License-Identifier: GPL-3.0-or-later
// Frozen templates on disk: templates_dir/<generation>/{ram,state,disk.qcow2,template.json}. A folder is whole when its
// template.json is there, which is written last. What is in it then never changes: it belongs to root, and VMs may read
// it only. One thread at a time (the disk worker's).
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>
#include <tobari/vmhost/hypervisor.h>

#include "core/template_plan.h"

namespace tobari::vmhost {

// A place for one that is being made.
struct TemplateDraft {
  DesktopId generation;
  std::filesystem::path disk;
  TemplateFiles files;
};

struct FrozenTemplate {
  DesktopId generation;
  TemplateProfile profile;
  std::string fingerprint;
  std::filesystem::path disk;
  TemplateFiles files;
  // Size, times and inode of each file by its name, as they were when its content was last known.
  std::map<std::string, std::string> marks;
};

class TemplateStore {
 public:
  // `owner`: whom a VM runs as. Empty: as we do.
  TemplateStore(std::filesystem::path templates_dir, std::optional<VmUser> owner)
      : dir_(std::move(templates_dir)), owner_(owner) {}

  // Files that a VM may write. All the room that its memory takes is taken now: a VM whose memory finds no room later
  // dies of it. kExhausted: there is none. On an error nothing is left.
  [[nodiscard]] Result<TemplateDraft> begin(const std::filesystem::path& base, std::uint32_t memory_mib);
  // What begin() gave and a VM has filled becomes nobody's to write, durable, and whole.
  [[nodiscard]] Result<FrozenTemplate> seal(const TemplateDraft& draft, const TemplateProfile& profile,
                                            const std::string& fingerprint);
  // All that are whole and unchanged. `in_use`: disks that something stands on; what is not whole, or was changed, is
  // removed unless it is among them, with a line in the log.
  [[nodiscard]] Result<std::vector<FrozenTemplate>> load(const std::set<std::filesystem::path>& in_use);
  // kInvalidArgument, with the file: it is not what it was when it was frozen. Reads no contents: a change leaves its
  // time behind.
  [[nodiscard]] Result<void> check(const FrozenTemplate& frozen) const;
  // Gone on success, whether or not it was there. VMs that have it open go on.
  [[nodiscard]] Result<void> remove(const DesktopId& generation);
  // Whether a disk of that name is one of a template's.
  [[nodiscard]] bool holds(const std::filesystem::path& disk) const;

 private:
  [[nodiscard]] std::filesystem::path folder_of(const DesktopId& generation) const { return dir_ / generation.str(); }
  [[nodiscard]] Result<void> fill(const TemplateDraft& draft, const std::filesystem::path& base,
                                  std::uint64_t memory_bytes) const;
  [[nodiscard]] Result<FrozenTemplate> load_one(const DesktopId& generation) const;
  [[nodiscard]] Result<void> save(const FrozenTemplate& frozen,
                                  const std::map<std::string, std::string>& digests) const;

  std::filesystem::path dir_;
  std::optional<VmUser> owner_;
};

}  // namespace tobari::vmhost
