// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/adoption.h"

#include <csignal>
#include <string_view>
#include <utility>

#include <tobari/base/log.h>
#include <tobari/base/random.h>

namespace tobari::vmhost {
namespace {

constexpr std::string_view kHeldDisplayName = "display/";
constexpr std::string_view kHeldProcessName = "process/";
constexpr std::string_view kHeldSessionName = "session/";
constexpr std::string_view kHeldWallName = "wall/";
constexpr std::string_view kHeldFrontName = "front";
constexpr std::size_t kFingerprintDigits = 64;
constexpr std::size_t kHeldTokenHashBytes = 32;

class SortOut {
 public:
  explicit SortOut(DescriptorKeeper& keeper) : keeper_(keeper) {}

  void take(Kept kept) {
    const std::string_view name = kept.name;
    if (name.starts_with(kHeldProcessName)) {
      processes_[kept.name.substr(kHeldProcessName.size())] = std::move(kept.descriptor);
    } else if (!fits(kept)) {
      log::error("what was held is not understood", {{"name", kept.name}});
      keeper_.drop(kept.name);
    }
  }

  Adoption finish() {
    for (auto& [name, display] : displays_) join(name, std::move(display));
    for (auto& [name, pidfd] : processes_) {
      log::error("a display process without its socket is ended", {{"name", name}});
      send_signal(Child{0, std::move(pidfd), false}, SIGKILL);  // by its descriptor alone
      keeper_.drop(std::string(kHeldProcessName) + name);
    }
    return std::move(made_);
  }

 private:
  bool fits(Kept& kept) {
    const std::string_view name = kept.name;
    if (name == kHeldFrontName) {
      made_.front = std::move(kept.descriptor);
      return static_cast<bool>(made_.front);
    }
    if (name.starts_with(kHeldDisplayName)) return fits_display(kept);
    if (name.starts_with(kHeldSessionName)) return fits_session(kept);
    return name.starts_with(kHeldWallName) && fits_wall(kept);
  }

  bool fits_display(Kept& kept) {
    wire::HeldDisplay note;
    const bool good = note.ParseFromString(kept.note) && kept.name.substr(kHeldDisplayName.size()) == note.name() &&
                      note.pid() > 0 && note.certificate_sha256().size() == kFingerprintDigits && kept.descriptor;
    if (!good) return false;
    Display& display = displays_[note.name()];
    display.control = std::move(kept.descriptor);
    display.note = std::move(note);
    return true;
  }

  bool fits_session(const Kept& kept) {
    wire::HeldSession note;
    const std::string id = kept.name.substr(kHeldSessionName.size());
    if (!note.ParseFromString(kept.note)) return false;
    const std::string& token = note.routing_token_sha256();
    const bool good = id == note.session_id() && is_uuid(id) && is_uuid(note.desktop_id()) &&
                      (token.empty() || token.size() == kHeldTokenHashBytes);
    if (good) made_.sessions.push_back(std::move(note));
    return good;
  }

  bool fits_wall(const Kept& kept) {
    wire::HeldWall note;
    const bool good = note.ParseFromString(kept.note) && kept.name.substr(kHeldWallName.size()) == note.session_id() &&
                      is_uuid(note.session_id()) && note.desktop_ids_size() > 0;
    if (good) made_.walls.push_back(std::move(note));
    return good;
  }

  struct Display {
    wire::HeldDisplay note;
    UniqueFd control;
  };

  void join(const std::string& name, Display display) {
    const auto process = processes_.find(name);
    if (process == processes_.end() || !process->second) {
      keeper_.drop(std::string(kHeldDisplayName) + name);  // it ends: its socket closes
      return;
    }
    AdoptedDisplay& adopted = made_.displays[name];
    adopted.control = std::move(display.control);
    adopted.child = {display.note.pid(), std::move(process->second), false};
    if (display.note.has_uid()) adopted.uid = display.note.uid();
    adopted.fingerprint = display.note.certificate_sha256();
    processes_.erase(process);
  }

  DescriptorKeeper& keeper_;
  std::map<std::string, UniqueFd> processes_;
  std::map<std::string, Display> displays_;
  Adoption made_;
};

}  // namespace

std::string wall_display(const std::string& session) { return "wall " + session; }

std::set<std::string> Adoption::recorded() const {
  std::set<std::string> found;
  for (const wire::HeldSession& session : sessions) {
    const std::string display = session.wall() ? wall_display(session.session_id()) : session.desktop_id();
    if (session.recorded() && displays.contains(display)) found.insert(session.session_id());
  }
  return found;
}

Adoption sort_out(std::vector<Kept> kept, DescriptorKeeper& keeper) {
  SortOut sorting(keeper);
  for (Kept& each : kept) sorting.take(std::move(each));
  return sorting.finish();
}

}  // namespace tobari::vmhost
