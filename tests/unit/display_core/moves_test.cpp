// SPDX-License-Identifier: GPL-3.0-or-later
// What moved is found, moved in the kept picture, and whatever was wrong about that is found by the comparison after
// it.
#include <algorithm>
#include <array>
#include <cstring>
#include <ranges>

#include <gtest/gtest.h>

#include "diff/move_extent.h"
#include "diff/row_scan.h"
#include "diff/tile_diff.h"
#include "pictures.h"

namespace tobari::display {
namespace {

using testing::Content;
using testing::Picture;
using testing::Random;

// As a client does it.
void carry_out(Picture& picture, const Move& move) {
  const Picture before = picture;
  for (int y = 0; y < move.to.height; ++y) {
    for (int x = 0; x < move.to.width; ++x) {
      picture.set(move.to.x + x, move.to.y + y, before.at(move.from().x + x, move.from().y + y));
    }
  }
}

Picture part_of(const Picture& picture, const Rect& rect) {
  Picture part({rect.width, rect.height});
  for (int y = 0; y < rect.height; ++y) {
    for (int x = 0; x < rect.width; ++x) part.set(x, y, picture.at(rect.x + x, rect.y + y));
  }
  return part;
}

struct Outcome {
  std::vector<Move> moves;
  Region changed;
};

// Shows `before`, then `after`; expects the client's picture to be right in the end.
Outcome follow(const Picture& before, const Picture& after) {
  const Region all(bounds(before.size));
  TileDiff diff;
  diff.reset(before.size);
  (void)diff.update(before.view(), all);
  Outcome outcome{diff.follow_moves(after.view(), bounds(after.size)), {}};
  outcome.changed = diff.update(after.view(), all);
  Picture client = before;
  for (const Move& move : outcome.moves) {
    EXPECT_EQ(intersect(move.to, bounds(after.size)), move.to);
    EXPECT_EQ(intersect(move.from(), bounds(after.size)), move.from());
    carry_out(client, move);
  }
  for (const Rect& rect : outcome.changed.rects()) client.paste(part_of(after, rect), {rect.x, rect.y});
  for (int y = 0; y < after.size.height; ++y) {
    for (int x = 0; x < after.size.width; ++x) {
      if (client.at(x, y) != after.at(x, y)) {
        ADD_FAILURE() << "wrong at " << x << ", " << y;
        return outcome;
      }
    }
  }
  return outcome;
}

// `height` rows of a document, from row `top` on, in `view`.
void show_document(Picture& screen, const Picture& document, const Rect& view, int top) {
  screen.paste(part_of(document, {0, top, view.width, view.height}), {view.x, view.y});
}

TEST(Moves, AScrolledPageCostsItsNewLines) {
  const Picture document = make_picture(Content::kTextLight, {1000, 3000}, 3);
  for (const int by : {1, 3, 36, 120, 500, -1, -17, -300}) {
    Picture before = make_picture(Content::kInterface, {1280, 720});
    Picture after = before;
    const Rect view{140, 60, 1000, 600};
    show_document(before, document, view, 1000);
    show_document(after, document, view, 1000 + by);
    const Outcome outcome = follow(before, after);
    ASSERT_GE(outcome.moves.size(), 1u) << by;  // what comes new may look like what was there, too
    EXPECT_EQ(outcome.moves[0].by, (Point{0, -by}));
    EXPECT_LE(outcome.changed.area(), std::abs(by) * 1000L + 20'000) << by;
  }
}

TEST(Moves, SidewaysToo) {
  const Picture table = make_picture(Content::kTextLight, {3000, 600}, 5);
  for (const int by : {1, 8, 77, 400, -5, -250}) {
    Picture before = make_picture(Content::kInterface, {1280, 720});
    Picture after = before;
    before.paste(part_of(table, {1000, 0, 900, 600}), {200, 80});
    after.paste(part_of(table, {1000 + by, 0, 900, 600}), {200, 80});
    const Outcome outcome = follow(before, after);
    ASSERT_GE(outcome.moves.size(), 1u) << by;
    EXPECT_EQ(outcome.moves[0].by, (Point{-by, 0}));
    EXPECT_LE(outcome.changed.area(), (std::abs(by) + 64) * 600L + 20'000) << by;
  }
}

TEST(Moves, ADraggedWindowIsFoundToThePixel) {
  Random random(2);
  const Picture desk = make_picture(Content::kPhoto, {1280, 720});
  const Picture window = make_picture(Content::kInterface, {500, 350}, 8);
  for (int round = 0; round < 20; ++round) {
    const Point old{random.between(0, 780), random.between(0, 370)};
    const Point now{std::clamp(old.x + random.between(-200, 200), 0, 780),
                    std::clamp(old.y + random.between(-150, 150), 0, 370)};
    if (old == now) continue;
    Picture before = desk;
    Picture after = desk;
    before.paste(window, old);
    after.paste(window, now);
    const Outcome outcome = follow(before, after);
    ASSERT_GE(outcome.moves.size(), 1u) << round;
    EXPECT_EQ(outcome.moves[0].by, (Point{now.x - old.x, now.y - old.y})) << round;
    const Rect to{now.x, now.y, 500, 350};
    EXPECT_GE(intersect(outcome.moves[0].to, to).area() * 100, to.area() * 95) << round;
    // What was uncovered, and little else.
    const long uncovered = to.area() - intersect(to, {old.x, old.y, 500, 350}).area();
    EXPECT_LE(outcome.changed.area(), uncovered + 30'000) << round;
  }
}

TEST(Moves, TwoPanesScrollAtOnce) {
  const Picture left = make_picture(Content::kTextLight, {600, 2000}, 11);
  const Picture right = make_picture(Content::kTextDark, {500, 2000}, 12);
  Picture before = make_picture(Content::kInterface, {1280, 720});
  Picture after = before;
  show_document(before, left, {20, 50, 600, 650}, 300);
  show_document(after, left, {20, 50, 600, 650}, 340);
  show_document(before, right, {700, 50, 500, 650}, 800);
  show_document(after, right, {700, 50, 500, 650}, 785);
  const Outcome outcome = follow(before, after);
  ASSERT_EQ(outcome.moves.size(), 2u);
  std::vector<int> by{outcome.moves[0].by.y, outcome.moves[1].by.y};
  std::ranges::sort(by);
  EXPECT_EQ(by, (std::vector<int>{-40, 15}));
  EXPECT_LE(outcome.changed.area(), 40 * 600 + 15 * 500 + 40'000);
}

// A search for one more move that finds nothing, as the new lines of a page make it, becomes rarer; the ones before
// not.
TEST(Moves, TwoPanesScrollOnAndOn) {
  const Picture left = make_picture(Content::kTextLight, {600, 2000}, 11);
  const Picture right = make_picture(Content::kTextDark, {500, 2000}, 12);
  Picture screen = make_picture(Content::kInterface, {1280, 720});
  TileDiff diff;
  diff.reset(screen.size);
  for (int step = 0; step < 20; ++step) {
    show_document(screen, left, {20, 50, 600, 650}, 40 * step);
    show_document(screen, right, {700, 50, 500, 650}, 600 - 15 * step);
    const auto moves = diff.follow_moves(screen.view(), bounds(screen.size));
    (void)diff.update(screen.view(), Region(bounds(screen.size)));
    if (step > 0) {
      EXPECT_GE(moves.size(), 2u) << step;
    }
  }
}

TEST(Moves, NothingIsFoundWhereNothingMoved) {
  for (const Content content : testing::kAllContents) {
    const Picture before = make_picture(content, {1024, 700}, 1);
    EXPECT_TRUE(follow(before, before).moves.empty()) << name_of(content);
    Picture after = before;
    after.fill({100, 100, 30, 30}, 0x123456);
    EXPECT_TRUE(follow(before, after).moves.empty()) << name_of(content);
  }
  Random random(8);
  Picture noise[2] = {Picture({640, 480}), Picture({640, 480})};
  for (Picture& picture : noise) {
    for (std::uint32_t& pixel : picture.pixels) pixel = random();
  }
  EXPECT_TRUE(follow(noise[0], noise[1]).moves.empty());
}

TEST(Moves, AreNotSoughtInWhatWasNeverShown) {
  const Picture document = make_picture(Content::kTextLight, {800, 900});
  TileDiff diff;
  diff.reset({800, 600});
  const Picture page = part_of(document, {0, 0, 800, 600});
  (void)diff.update(page.view(), Region({0, 0, 800, 599}));
  EXPECT_TRUE(diff.follow_moves(part_of(document, {0, 40, 800, 600}).view(), {0, 0, 800, 600}).empty());
}

// Whatever is planted, and however much the guest draws between the search and the comparison.
TEST(Moves, AnySequenceEndsExact) {
  Random random(31);
  for (int round = 0; round < 40; ++round) {
    const Size size{random.between(70, 900), random.between(70, 600)};
    Picture live = make_picture(testing::kAllContents[random() % 7], size, random());
    TileDiff diff;
    diff.reset(size);
    (void)diff.update(live.view(), Region(bounds(size)));
    Picture client = live;
    for (int step = 0; step < 8; ++step) {
      const Picture before = live;
      for (int i = random.between(1, 3); i > 0; --i) {
        const Rect to = intersect({random.between(-50, size.width - 1), random.between(-50, size.height - 1),
                                   random.between(1, size.width), random.between(1, size.height)},
                                  bounds(size));
        const Point by{random() % 2 == 0 ? 0 : random.between(-90, 90), random.between(-200, 200)};
        for (int y = to.y; y < to.bottom(); ++y) {
          for (int x = to.x; x < to.right(); ++x) {
            if (x - by.x < 0 || x - by.x >= size.width || y - by.y < 0 || y - by.y >= size.height) continue;
            live.set(x, y, before.at(x - by.x, y - by.y));
          }
        }
      }
      const Rect box = TileDiff::searchable(Region(bounds(size)));
      const auto moves = diff.follow_moves(live.view(), box);
      ASSERT_LE(moves.size(), TileDiff::kMaxMoves);
      live.fill({random.between(0, size.width), random.between(0, size.height), 20, 20}, random());
      const Region changed = diff.update(live.view(), Region(bounds(size)));
      for (const Move& move : moves) carry_out(client, move);
      for (const Rect& rect : changed.rects()) client.paste(part_of(live, rect), {rect.x, rect.y});
      for (int y = 0; y < size.height; ++y) {
        for (int x = 0; x < size.width; ++x) ASSERT_EQ(client.at(x, y), live.at(x, y)) << round << ", " << step;
      }
    }
  }
}

TEST(Moves, FruitlessSearchesBecomeRarer) {
  // A picture that is all new each time, then one that scrolls: it is found within kMaxSkip more pictures.
  const Size size{640, 480};
  TileDiff diff;
  diff.reset(size);
  const Region all(bounds(size));
  const auto show = [&](const Picture& picture) {
    const std::size_t moves = diff.follow_moves(picture.view(), bounds(size)).size();
    (void)diff.update(picture.view(), all);
    return moves;
  };
  for (std::uint32_t i = 0; i < 40; ++i) show(make_picture(Content::kPhoto, size, 100 + 17 * i));
  const Picture document = make_picture(Content::kTextLight, {640, 3000});
  int until_found = 0;
  while (show(part_of(document, {0, 20 * until_found, 640, 480})) == 0) ASSERT_LE(++until_found, 17);
  EXPECT_GE(until_found, 2);
  // And from then on every time.
  for (int i = 1; i < 10; ++i) EXPECT_EQ(show(part_of(document, {0, 20 * (until_found + i), 640, 480})), 1u) << i;
}

TEST(Moves, OnlyDenseDamageIsBoxed) {
  Region window(Rect{100, 100, 400, 300});
  window.add({80, 90, 400, 300});
  EXPECT_EQ(TileDiff::searchable(window), window.bounding_box());
  Region scattered;
  for (int i = 0; i < 20; ++i) scattered.add({(i % 5) * 380, (i / 5) * 260, 120, 20});
  scattered.add({1000, 10, 300, 100});
  EXPECT_EQ(TileDiff::searchable(scattered), (Rect{1000, 10, 300, 100}));
  EXPECT_TRUE(TileDiff::searchable(Region({10, 10, 40, 30})).empty());
  EXPECT_TRUE(TileDiff::searchable({}).empty());
}

TEST(MoveExtent, IsExactAlthoughFewRowsAreLookedAt) {
  Random random(14);
  const Size size{700, 500};
  Picture kept(size);
  for (std::uint32_t& pixel : kept.pixels) pixel = random();
  MoveExtent extent;
  for (int round = 0; round < 60; ++round) {
    const Size part{random.between(140, 500), random.between(40, 350)};
    const Rect from{random.between(0, size.width - part.width), random.between(0, size.height - part.height),
                    part.width, part.height};
    const Rect to{random.between(0, size.width - part.width), random.between(0, size.height - part.height), part.width,
                  part.height};
    const Point by{to.x - from.x, to.y - from.y};
    if (by == Point{}) continue;
    Picture live = kept;
    live.paste(part_of(kept, from), {to.x, to.y});
    const MoveExtent::Found found = extent.find(live.view(), kept.view(), bounds(size), by, 2048);
    EXPECT_EQ(found.to, to) << round;
    EXPECT_GE(found.gain, to.area() / 4) << "blocks that it only cuts do not count";
  }
}

// ---- the SIMD loops against loops

TEST(RowScan, EqualBlocks) {
  Random random(5);
  for (int round = 0; round < 500; ++round) {
    const int count = random.between(1, 300);
    std::array<std::uint32_t, 300> a{};
    for (std::uint32_t& pixel : a) pixel = random();
    auto b = a;
    for (std::uint32_t& pixel : b) pixel ^= random() & 0xFF000000u;
    for (int i = random.between(0, 3); i > 0; --i) b[static_cast<std::size_t>(random.between(0, 299))] ^= 0x100;
    std::array<std::uint8_t, 5> equal{};
    equal.fill(7);
    equal_blocks(reinterpret_cast<const std::byte*>(a.data()), reinterpret_cast<const std::byte*>(b.data()), count,
                 equal.data());
    for (int block = 0; block * kScanBlock < count; ++block) {
      bool same = true;
      for (int x = block * kScanBlock; x < std::min(count, (block + 1) * kScanBlock); ++x) {
        same = same && ((a[static_cast<std::size_t>(x)] ^ b[static_cast<std::size_t>(x)]) & 0xFFFFFFu) == 0;
      }
      ASSERT_EQ(equal[static_cast<std::size_t>(block)], same ? 1 : 0);
    }
    for (std::size_t i = static_cast<std::size_t>((count + kScanBlock - 1) / kScanBlock); i < equal.size(); ++i) {
      ASSERT_EQ(equal[i], 7) << "written behind the end";
    }
  }
}

TEST(RowScan, AnchorsMoveWithThePixels) {
  Random random(6);
  std::array<std::uint32_t, 600> row{};
  for (std::uint32_t& pixel : row) pixel = random();
  std::array<std::uint32_t, 600> moved{};
  for (std::size_t i = 0; i < 500; ++i) moved[i + 77] = row[i] ^ 0x5A000000u;
  Anchors before;
  Anchors after;
  find_anchors(reinterpret_cast<const std::byte*>(row.data()), 500, before);
  find_anchors(reinterpret_cast<const std::byte*>(moved.data() + 77), 500, after);
  EXPECT_GE(before.count, 15u);
  EXPECT_LE(before.count, 60u);
  ASSERT_EQ(after.count, before.count);
  for (std::size_t i = 0; i < before.count; ++i) {
    EXPECT_EQ(after.at[i], before.at[i]);
    EXPECT_EQ(after.hash[i], before.hash[i]);
  }
  std::array<std::uint32_t, 600> flat{};
  for (const std::uint32_t colour : {0u, 0xFFFFFFu, 0x123456u, 0x80FF01u}) {
    flat.fill(colour);
    find_anchors(reinterpret_cast<const std::byte*>(flat.data()), 600, before);
    EXPECT_EQ(before.count, 0u);
  }
}

}  // namespace
}  // namespace tobari::display
