// SPDX-License-Identifier: GPL-3.0-or-later
// SourceEvents that remembers, for tests, and the waiting for what it shall have seen.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <tobari/display/framebuffer_source.h>

namespace tobari::display {

inline constexpr std::chrono::seconds kPatience{30};  // for a busy machine; nothing waits that long when it works

class Recorder final : public SourceEvents {
 public:
  struct Seen {
    std::vector<std::string> order;  // "surface", "damage", "shape", "visible", "lost"
    std::vector<Size> surfaces;
    std::size_t damages = 0;  // events
    std::size_t rects = 0;
    Rect damaged;  // their bounding box since the last forget()
    bool damage_outside = false;
    std::size_t shapes = 0;
    std::optional<CursorShape> shape;
    std::optional<bool> visible;
    std::vector<Error> losses;
    std::set<std::thread::id> threads;
  };

  void on_surface(Size size) override {
    note("surface", [size](Seen& seen) { seen.surfaces.push_back(size); });
  }
  void on_damage(std::span<const Rect> rects) override {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !held_; });
    }
    note("damage", [rects](Seen& seen) {
      ++seen.damages;
      for (const Rect& rect : rects) {
        ++seen.rects;
        seen.damaged = unite(seen.damaged, rect);
        const bool inside = !seen.surfaces.empty() && intersect(rect, bounds(seen.surfaces.back())) == rect;
        if (!inside || rect.empty()) seen.damage_outside = true;
      }
    });
  }
  void on_cursor_shape(const CursorShape& shape) override {
    note("shape", [&shape](Seen& seen) {
      ++seen.shapes;
      seen.shape = shape;
    });
  }
  void on_cursor_visible(bool visible) override {
    note("visible", [visible](Seen& seen) { seen.visible = visible; });
  }
  void on_lost(const Error& reason) override {
    note("lost", [&reason](Seen& seen) { seen.losses.push_back(reason); });
  }

  // Makes on_damage() wait until it is let go: what no consumer may do, to see what piles up behind it.
  void hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }

  [[nodiscard]] Seen seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    seen_.damages = seen_.rects = 0;
    seen_.damaged = {};
  }
  // True as soon as `enough` holds.
  [[nodiscard]] bool wait(const std::function<bool(const Seen&)>& enough,
                          std::chrono::milliseconds patience = kPatience) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return enough(seen_); });
  }
  [[nodiscard]] bool wait_for_surface() const {
    return wait([](const Seen& seen) { return !seen.surfaces.empty(); });
  }

 private:
  template <class Change>
  void note(const char* what, const Change& change) {
    const std::lock_guard lock(mutex_);
    // A storm must not fill the memory of the test that makes one.
    if (seen_.order.size() < 100'000) seen_.order.emplace_back(what);
    seen_.threads.insert(std::this_thread::get_id());
    change(seen_);
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Seen seen_;
  bool held_ = false;
};

}  // namespace tobari::display
