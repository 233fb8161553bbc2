// SPDX-License-Identifier: GPL-3.0-or-later
// Makes one template: files, a VM on them that boots, comes to rest, and is frozen. Whatever goes wrong, nothing of it
// is left: no VM, no file. Loop thread only; held by shared_ptr: answers of workers may come late.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <tobari/vmhost/hypervisor.h>

#include "host/disk_store.h"
#include "host/guest_agent.h"
#include "host/image_store.h"
#include "host/loop.h"
#include "host/template_store.h"
#include "host/worker.h"

namespace tobari::vmhost {

struct TemplateServices {
  Loop& loop;
  Hypervisor& hypervisor;
  Worker& hypervisor_worker;
  Worker& disk_worker;
  ImageStore& images;
  DiskStore& disks;
  TemplateStore& store;
  std::filesystem::path agents_dir;
  Accelerator accelerator = Accelerator::kTcg;
  std::optional<VmUser> vm_user = {};
  // A guest that has not come to rest by then never will.
  std::chrono::milliseconds ready_within = std::chrono::minutes(5);
};

class TemplateMaker : public std::enable_shared_from_this<TemplateMaker> {
 public:
  using Done = std::function<void(Result<FrozenTemplate>)>;

  TemplateMaker(TemplateServices& services, TemplateProfile profile, std::string fingerprint, Done done);

  void start();
  // The hypervisor's list: its VM is, or is not, among those that run.
  void found(bool running);
  // Not wanted any more: cleans up, then says that it was given up. Any number of times.
  void give_up();
  // Empty while there is none.
  [[nodiscard]] const DesktopId& vm() const noexcept { return vm_; }

 private:
  struct Prepared {
    TemplateDraft draft;
    DomainSpec spec;
  };
  [[nodiscard]] Result<Prepared> prepare() const;  // disk worker
  void power_on(const Prepared& prepared);
  void wait_for_rest(const DomainSpec& spec);
  void close_port();
  void freeze();
  void seal();
  void fail_with(Error error);
  void clean_up(Error why);
  [[nodiscard]] bool ended() const noexcept { return !done_; }

  TemplateServices& services_;
  const TemplateProfile profile_;
  const std::string fingerprint_;
  Done done_;  // empty: it was called
  std::optional<TemplateDraft> draft_;
  DesktopId vm_;
  std::string socket_;
  bool runs_ = false;  // it was started and is not to end by itself
  bool busy_ = false;  // a worker is at it
  std::optional<Error> failure_;
  std::unique_ptr<GuestAgent> guest_;
  Loop::Handle patience_;
  Loop::Handle next_;
};

}  // namespace tobari::vmhost
