// SPDX-License-Identifier: GPL-3.0-or-later
// How often desktops' pictures are given, and how often that is written down. A list that shows twenty desktops asks
// for every one of them again and again: more than once a second nobody needs, and an audit of one's own desktop that
// grows by a record each time nobody reads. Pure: the caller says what time it is. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <tobari/base/clock.h>

namespace tobari::broker {

class ThumbnailLimits {
 public:
  static constexpr std::chrono::seconds kEvery{1};  // one desktop for one viewer
  static constexpr int kPerViewer = 20;             // all desktops for one viewer, within kEvery
  static constexpr std::chrono::minutes kRecordEvery{10};
  static constexpr std::size_t kMaxLooks = 16384;  // remembered; beyond it some are forgotten, which forgives them

  // None: go on, and it counts. Otherwise how long to wait; nothing was counted.
  [[nodiscard]] std::optional<std::chrono::seconds> take(const std::string& viewer, const std::string& desktop,
                                                         Clock::Steady now);
  // Whether this viewer's looks at this desktop are to be written down now; recorded() when that is done.
  [[nodiscard]] bool record_due(const std::string& viewer, const std::string& desktop, Clock::Steady now) const;
  void recorded(const std::string& viewer, const std::string& desktop, Clock::Steady now);
  [[nodiscard]] std::size_t remembered() const noexcept { return looks_.size(); }

 private:
  struct Look {
    Clock::Steady last;
    std::optional<Clock::Steady> recorded;
  };
  struct Viewer {
    Clock::Steady since;
    int looks = 0;
  };
  void make_room(Clock::Steady now);

  std::map<std::pair<std::string, std::string>, Look> looks_;  // viewer and desktop
  std::map<std::string, Viewer> viewers_;
};

}  // namespace tobari::broker
