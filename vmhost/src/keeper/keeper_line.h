// SPDX-License-Identifier: GPL-3.0-or-later
// The agent's line to tobari-keeper, which it starts when it is told a program and nobody listens. A keeper that dies
// is found or started again and given everything anew: it is missed only by an agent that dies meanwhile.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/display/control_channel.h>

#include "host/loop.h"
#include "keeper/descriptor_keeper.h"
#include "supervisor/spawn.h"
#include "tobari/keeper.pb.h"

namespace tobari::vmhost {

struct KeeperOptions {
  std::filesystem::path socket;
  std::string program = {};                                            // empty: others start it
  std::chrono::seconds hold{60};                                       // after our end
  std::chrono::milliseconds attach_within = std::chrono::seconds(15);  // an agent before us may be just ending
  std::chrono::milliseconds again_after = std::chrono::seconds(1);
};

class KeeperLine final : public DescriptorKeeper {
 public:
  // Blocks until everything that is held has been handed over. kTimeout: another agent of this host is there, and
  // stays.
  [[nodiscard]] static Result<std::unique_ptr<KeeperLine>> create(Loop& loop, KeeperOptions options);
  ~KeeperLine() override;  // what was said has been heard, or the keeper hangs
  KeeperLine(const KeeperLine&) = delete;
  KeeperLine& operator=(const KeeperLine&) = delete;

  [[nodiscard]] std::vector<Kept> take() override;
  void keep(const std::string& name, const std::string& note, int descriptor, What what = What::kDescriptor) override;
  void annotate(const std::string& name, const std::string& note) override;
  void drop(const std::string& name) override;
  void end() override;

  // How long there was no agent before this one.
  [[nodiscard]] std::chrono::milliseconds away() const noexcept { return away_; }

 private:
  struct Entry {
    std::string note;
    UniqueFd descriptor;
    bool process = false;
  };

  KeeperLine(Loop& loop, KeeperOptions options) : loop_(loop), options_(std::move(options)) {}
  [[nodiscard]] Result<void> try_open();
  [[nodiscard]] Result<void> open();
  [[nodiscard]] Result<void> connect();
  [[nodiscard]] Result<void> start_program();
  [[nodiscard]] Result<void> hear_what_is_held();
  void remember(const wire::KeeperKept& kept, UniqueFd descriptor);
  [[nodiscard]] Entry* entry(const std::string& name, const std::string& note);
  void changed(const std::string& name);
  void flush();
  [[nodiscard]] Result<void> say(const std::string& name);
  void watch(bool writable);
  void on_event(short revents);
  void lost(const std::string& why);
  void open_again();

  Loop& loop_;
  const KeeperOptions options_;
  std::optional<display::ControlChannel> channel_;
  Child program_;
  std::map<std::string, Entry> entries_;  // what is to be held
  std::set<std::string> unsaid_;          // of these the keeper has not heard as they are now
  std::vector<Kept> left_;
  std::chrono::milliseconds away_{0};
  bool writable_watched_ = false;
  Loop::Handle watch_;
  Loop::Handle watch_program_;
  Loop::Handle again_timer_;
};

}  // namespace tobari::vmhost
