// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/watermark/mark_reader.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include <tobari/watermark/mark_pattern.h>

#include "alignment.h"
#include "folding.h"
#include "mark_code.h"
#include "plane.h"
#include "spectrum.h"
#include "sync_search.h"

namespace tobari::watermark {
namespace {

// Phases that agree less than this are noise's. It only saves time: the check of the number decides.
constexpr double kMinCertainty = 4.5;

// Maps that are followed from each spectrum.
constexpr std::size_t kUprightGuesses = 4;
constexpr std::size_t kGuesses = 4;
constexpr std::size_t kGuessesOfAPart = 2;

// A part of the picture whose windows are looked at together: what is far apart was photographed at different angles.
struct Group {
  std::vector<std::size_t> members;
  Spectrum spectrum;  // the mean of theirs
};

class Search {
  static constexpr int kParts = 3;  // each way

 public:
  explicit Search(const Plane& plane)
      : flat_(flattened(plane)), windows_(waves_of(flat_, windows_over(plane.width, plane.height))) {
    for (const Waves& window : windows_) spectra_.push_back(spectrum_of(window));
  }

  // The whole picture at once, then its parts.
  [[nodiscard]] std::optional<Reading> run() const {
    const Group everything = group_of([](const Window& /*window*/) { return true; });
    if (auto found = follow_all(everything, find_upright(everything.spectrum, kUprightGuesses))) return found;
    if (auto found = follow_all(everything, find_maps(everything.spectrum, kGuesses))) return found;
    if (windows_.size() < 4) return std::nullopt;
    for (int row = 0; row < kParts; ++row) {
      for (int column = 0; column < kParts; ++column) {
        const auto inside = [this, row, column](const Window& window) {
          return part_of(window.middle().x, flat_.width) == column && part_of(window.middle().y, flat_.height) == row;
        };
        const Group part = group_of(inside);
        if (part.members.empty()) continue;
        if (auto found = follow_all(part, find_maps(part.spectrum, kGuessesOfAPart))) return found;
      }
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] static int part_of(double middle, int length) {
    return std::clamp(static_cast<int>(kParts * middle / length), 0, kParts - 1);
  }

  template <class Belongs>
  [[nodiscard]] Group group_of(const Belongs& belongs) const {
    Group group;
    for (std::size_t i = 0; i < windows_.size(); ++i) {
      if (!belongs(windows_[i].window())) continue;
      group.members.push_back(i);
      group.spectrum.add(spectra_[i]);
    }
    if (!group.members.empty()) group.spectrum.scale(1.0F / static_cast<float>(group.members.size()));
    return group;
  }

  [[nodiscard]] std::optional<Reading> follow_all(const Group& group, const std::vector<Candidate>& candidates) const {
    for (const Candidate& candidate : candidates) {
      if (auto found = follow(group, candidate.map)) return found;
    }
    return std::nullopt;
  }

  // Begins where the guess holds best.
  [[nodiscard]] std::optional<Reading> follow(const Group& group, const FrequencyMap& guess) const {
    const Waves* seed = nullptr;
    double most = 0;
    for (const std::size_t i : group.members) {
      const double agrees = agreement(windows_[i], guess);
      if (agrees <= most) continue;
      most = agrees;
      seed = &windows_[i];
    }
    if (seed == nullptr) return std::nullopt;
    const auto aligned = align(windows_, *seed, guess);
    if (!aligned || !(aligned->certainty >= kMinCertainty)) return std::nullopt;
    const auto number = decode_number(folded(flat_, aligned->map));
    if (!number) return std::nullopt;
    const FrequencyMap map = aligned->map.frequencies_at({flat_.width / 2.0, flat_.height / 2.0});
    const double area = std::abs(map.xx * map.yy - map.xy * map.yx);  // of the desktop for one of the picture
    return Reading{*number, 1 / std::sqrt(std::max(area, 1e-9)), aligned->certainty};
  }

  Plane flat_;
  std::vector<Waves> windows_;
  std::vector<Spectrum> spectra_;
};

Plane plane_of(const GreyPicture& picture) {
  Plane plane(picture.width, picture.height);
  std::ranges::copy(picture.pixels, plane.values.begin());
  return plane;
}

bool readable(const GreyPicture& picture) {
  if (picture.width < kMinPictureSide || picture.height < kMinPictureSide) return false;
  if (picture.width > kMaxPictureSide || picture.height > kMaxPictureSide) return false;
  const auto area = static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height);
  return area <= kMaxPicturePixels && picture.pixels.size() == area;
}

}  // namespace

// As it is for desktops shown at up to their own size, halved for up to twice that, and once more for photographs.
std::optional<Reading> read_mark(const GreyPicture& picture) {
  if (!readable(picture)) return std::nullopt;
  constexpr int kHalvings = 2;
  Plane plane = plane_of(picture);
  for (int halving = 0;; ++halving) {
    if (auto found = Search(plane).run()) {
      found->scale *= 1 << halving;
      return found;
    }
    if (halving == kHalvings || std::min(plane.width, plane.height) < 2 * kMinPictureSide) return std::nullopt;
    plane = halved(plane);
  }
}

}  // namespace tobari::watermark
