// SPDX-License-Identifier: GPL-3.0-or-later
// A region against a bitmap of the same pixels.
#include <tobari/display/region.h>

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tobari::display {
namespace {

constexpr int kSide = 96;

struct Step {
  enum Kind { kAdd, kSubtract, kClip } kind;
  Rect rect;
};

class Bitmap {
 public:
  void apply(const Step& step) {
    if (step.kind == Step::kClip) {
      Bitmap clipped;
      fill(step.rect, [&](std::size_t i) { clipped.bits_[i] = bits_[i]; });
      *this = clipped;
    } else {
      fill(step.rect, [&](std::size_t i) { bits_[i] = step.kind == Step::kAdd; });
    }
  }
  [[nodiscard]] bool at(int x, int y) const { return bits_[index(x, y)]; }
  friend bool operator==(const Bitmap&, const Bitmap&) = default;
  [[nodiscard]] long area() const { return std::count(bits_.begin(), bits_.end(), true); }

 private:
  template <class Set>
  static void fill(const Rect& rect, const Set& set) {
    const Rect inside = intersect(rect, {0, 0, kSide, kSide});
    for (int y = inside.y; y < inside.bottom(); ++y) {
      for (int x = inside.x; x < inside.right(); ++x) set(index(x, y));
    }
  }
  static std::size_t index(int x, int y) { return static_cast<std::size_t>(y * kSide + x); }
  std::vector<bool> bits_ = std::vector<bool>(kSide * kSide);
};

void apply(Region& region, const Step& step) {
  switch (step.kind) {
    case Step::kAdd:
      region.add(step.rect);
      break;
    case Step::kSubtract:
      region.subtract(step.rect);
      break;
    case Step::kClip:
      region.clip(step.rect);
      break;
  }
}

rc::Gen<Step> steps() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::weightedElement<Step::Kind>({{6, Step::kAdd}, {3, Step::kSubtract}, {1, Step::kClip}}),
                     rc::gen::inRange(0, kSide), rc::gen::inRange(0, kSide), rc::gen::inRange(-1, kSide / 2),
                     rc::gen::inRange(-1, kSide / 2)),
      [](const auto& t) {
        const auto& [kind, x, y, w, h] = t;
        const Rect small{x, y, w, h};
        return Step{kind, kind == Step::kClip ? Rect{x / 8, y / 8, kSide * 7 / 8, kSide * 7 / 8}
                                              : intersect(small, {0, 0, kSide, kSide})};
      });
}

void expect_disjoint(const Region& region) {
  const auto rects = region.rects();
  for (std::size_t i = 0; i < rects.size(); ++i) {
    RC_ASSERT(!rects[i].empty());
    for (std::size_t j = i + 1; j < rects.size(); ++j) RC_ASSERT(intersect(rects[i], rects[j]).empty());
  }
}

RC_GTEST_PROP(Region, IsExactWhileSmall, ()) {
  Region region;
  Bitmap bitmap;
  for (const Step& step : *rc::gen::container<std::vector<Step>>(steps())) {
    apply(region, step);
    bitmap.apply(step);
    RC_ASSERT(region.rects().size() <= Region::kMaxRects);
  }
  expect_disjoint(region);
  RC_ASSERT(region.area() == bitmap.area());
  RC_ASSERT(region.empty() == (bitmap.area() == 0));
  Bitmap painted;
  for (const Rect& rect : region.rects()) painted.apply({Step::kAdd, rect});
  RC_ASSERT(painted == bitmap);
  for (int i = 0; i < kSide; ++i) RC_ASSERT(region.contains({i, i * 7 % kSide}) == bitmap.at(i, i * 7 % kSide));
}

RC_GTEST_PROP(Region, GrowsCoarserButNeverSmaller, ()) {
  const auto seed = *rc::gen::inRange(1, 1 << 30);
  Region region;
  std::vector<Rect> added;
  unsigned state = static_cast<unsigned>(seed);
  const auto next = [&state](int below) {
    state = state * 1664525u + 1013904223u;
    return static_cast<int>((state >> 8) % static_cast<unsigned>(below));
  };
  for (int i = 0; i < 400; ++i) {
    const Rect rect{next(4000), next(4000), 1 + next(6), 1 + next(6)};
    added.push_back(rect);
    region.add(rect);
    RC_ASSERT(region.rects().size() <= Region::kMaxRects);
  }
  expect_disjoint(region);
  for (const Rect& rect : added) {
    RC_ASSERT(region.contains({rect.x, rect.y}));
    RC_ASSERT(region.contains({rect.right() - 1, rect.bottom() - 1}));
  }
}

TEST(Region, NeighboursBecomeOneRectangle) {
  Region region;
  region.add({0, 0, 10, 10});
  region.add({10, 0, 10, 10});
  region.add({0, 10, 20, 5});
  ASSERT_EQ(region.rects().size(), 1u);
  EXPECT_EQ(region.rects()[0], (Rect{0, 0, 20, 15}));
  EXPECT_EQ(region.bounding_box(), (Rect{0, 0, 20, 15}));
}

TEST(Region, ManyHolesStayBounded) {
  Region region(Rect{0, 0, 4000, 4000});
  for (int i = 0; i < 3000; ++i) {
    region.subtract({(i * 37) % 3990, (i * 91) % 3990, 3, 3});
    ASSERT_LE(region.rects().size(), Region::kMaxRects);
  }
}

// A guest may report a million rectangles in a second. What costs is a rectangle that changes the region; one that is
// held already costs a look at few boxes.
TEST(Region, AFloodOfRectanglesSettles) {
  constexpr int kRectangles = 1'000'000;
  for (const bool scattered : {true, false}) {
    Region region;
    unsigned state = 7;
    const auto next = [&state](int below) {
      state = state * 1664525u + 1013904223u;
      return static_cast<int>((state >> 8) % static_cast<unsigned>(below));
    };
    int changes = 0;
    std::size_t most = 0;
    long area = 0;
    for (int i = 0; i < kRectangles; ++i) {
      // Anywhere, or a comb whose teeth can never be joined.
      const Rect rect = scattered ? Rect{next(1910), next(1070), 1 + next(10), 1 + next(10)}
                                  : Rect{i % 640 * 3, i / 640 % 360 * 3, 1, 1};
      region.add(rect);
      most = std::max(most, region.rects().size());
      if (const long now = region.area(); now != area) {
        ++changes;
        area = now;
      }
    }
    EXPECT_LE(most, Region::kMaxRects);
    EXPECT_LE(region.area(), 1920L * 1080);
    if (!scattered) continue;
    EXPECT_LE(changes, kRectangles / 50);
    EXPECT_LE(region.rects().size(), 64u);
  }
}

TEST(Region, AddsItself) {
  Region region(Rect{1, 2, 3, 4});
  region.add(region);
  EXPECT_EQ(region.area(), 12);
}

}  // namespace
}  // namespace tobari::display
