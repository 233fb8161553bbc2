// SPDX-License-Identifier: GPL-3.0-or-later
// A keeper in this process, which therefore survives no real death: agents that come and go are objects of a test.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "keeper/descriptor_keeper.h"

namespace tobari::vmhost {

class FakeKeeper final : public DescriptorKeeper {
 public:
  // What stays when an agent goes.
  class House {
   public:
    // No agent has come for as long as is waited.
    void time_is_over();
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

   private:
    friend class FakeKeeper;
    struct Entry {
      std::string note;
      UniqueFd descriptor;
      bool process = false;
    };
    std::map<std::string, Entry> entries_;
  };

  // An agent's. `house` outlives it.
  explicit FakeKeeper(House& house);

  [[nodiscard]] std::vector<Kept> take() override;
  void keep(const std::string& name, const std::string& note, int descriptor, What what = What::kDescriptor) override;
  void annotate(const std::string& name, const std::string& note) override;
  void drop(const std::string& name) override { house_.entries_.erase(name); }
  void end() override { house_.time_is_over(); }

 private:
  House& house_;
  std::vector<Kept> left_;
};

}  // namespace tobari::vmhost
