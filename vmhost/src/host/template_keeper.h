// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps a frozen template of every kind that is wanted (docs/CLONES.md): finds again what was made before, makes what
// is missing, one after the other, and throws away what nobody wants and no disk stands on. Loop thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/restart_budget.h"
#include "core/template_plan.h"
#include "host/template_maker.h"
#include "tobari/host.pb.h"

namespace tobari::vmhost {

class TemplateKeeper {
 public:
  static constexpr int kMaxWanted = 64;  // host.proto

  struct Times {
    std::chrono::milliseconds hypervisor_again = std::chrono::seconds(1);
    RestartBudget::Limits failures = {.deaths = 4, .window = std::chrono::hours(1)};
    // One that was given up: an image may have come, or room.
    std::chrono::milliseconds given_up_again = std::chrono::minutes(10);
  };

  // `changed`: a report would be another one.
  TemplateKeeper(TemplateServices services, Times times) : services_(std::move(services)), times_(times) {}

  void set_changed(std::function<void()> changed) { changed_ = std::move(changed); }
  void want(const google::protobuf::RepeatedPtrField<wire::DesiredTemplate>& wanted);
  // Everything that the hypervisor has. Ends VMs of templates that nobody is making.
  void look(const std::vector<DomainInfo>& found);
  // It will be known in a moment whether there is one: shortly after this program was started.
  [[nodiscard]] bool undecided(const std::string& id) const;
  // What a copy of this kind is made from; the error says why there is none.
  [[nodiscard]] Result<FrozenTemplate> ready(const std::string& id, const TemplateProfile& profile) const;
  // It cannot be copied from: another one is made.
  void spoiled(const DesktopId& generation);
  void report(wire::ActualState& actual) const;
  [[nodiscard]] const TemplateStore& store() const noexcept { return services_.store; }

  // Ends what is being made; no more is begun.
  void stop();
  [[nodiscard]] bool making() const noexcept { return maker_ != nullptr; }

 private:
  struct Slot {
    explicit Slot(TemplateProfile which, RestartBudget::Limits limits) : profile(std::move(which)), budget(limits) {}
    TemplateProfile profile;
    std::string fingerprint;  // empty: not known yet
    RestartBudget budget;
    std::string failure;  // empty: not given up; else for as long as it rests
    Loop::Steady::time_point rest_until{};
  };
  struct Kept {
    FrozenTemplate frozen;
    bool usable = true;
  };

  void step();
  void load();
  void ask_version();
  void find_fingerprint(const std::string& id, const TemplateProfile& profile);
  void plan();
  void make(const std::string& id);
  void on_made(const TemplateProfile& profile, Result<FrozenTemplate> frozen);
  void failed(Slot& slot, const Error& error);
  void rest(std::chrono::milliseconds pause);
  void remove(const std::vector<DesktopId>& generations);
  void end_leftover(const DesktopId& vm);

  TemplateServices services_;
  const Times times_;
  std::function<void()> changed_ = [] {};
  std::map<std::string, Slot> wanted_;  // by the broker's id
  bool wanted_known_ = false;
  std::map<DesktopId, Kept> kept_;
  std::map<std::string, DesktopId> use_;
  enum class Loaded : std::uint8_t { kNo, kUnderWay, kYes } loaded_ = Loaded::kNo;
  std::string version_;  // of the hypervisor; empty: not known yet
  bool asking_ = false;  // a worker is at the version or at a fingerprint
  bool away_ = false;    // the hypervisor, until its next list
  bool removing_ = false;
  bool stopped_ = false;
  std::shared_ptr<TemplateMaker> maker_;
  TemplateProfile making_;
  Loop::Handle again_timer_;
  Loop::Steady::time_point again_at_{};
};

}  // namespace tobari::vmhost
