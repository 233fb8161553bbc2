// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/piece_map.h"

#include <algorithm>
#include <bitset>
#include <cstring>

#include "encode/pixel_scan.h"

namespace tobari::display {

namespace {

constexpr int kCell = 64;
// Areas up to this size are one piece: another command costs more than a worse fit.
constexpr long kNoCut = 2L * kCell * kCell;
// Below this a client keeps what it was sent as a glyph, whatever it shows.
constexpr long kMinRich = 1024;

std::uint32_t colour_at(const FrameView& picture, int x, int y) {
  std::uint32_t pixel = 0;
  std::memcpy(&pixel, picture.at(x, y), sizeof pixel);
  return pixel & 0x00FFFFFFu;
}

// The colour of most of a grid of samples, or of one of the frequent ones (majority vote).
std::uint32_t background_of(const FrameView& picture, const Rect& rect) {
  constexpr int kSide = 12;
  const int step_x = std::max(1, rect.width / kSide);
  const int step_y = std::max(1, rect.height / kSide);
  std::uint32_t colour = 0;
  int votes = 0;
  for (int y = rect.y; y < rect.bottom(); y += step_y) {
    for (int x = rect.x + (y % step_x); x < rect.right(); x += step_x) {
      const std::uint32_t sample = colour_at(picture, x, y);
      if (votes == 0) colour = sample;
      votes += sample == colour ? 1 : -1;
    }
  }
  return colour;
}

bool same_group(const Piece& a, const Piece& b) {
  if (a.kind == Kind::kRich || b.kind == Kind::kRich) return a.kind == b.kind;
  return a.background == b.background;
}

// A solid cell beside text on the same background belongs to the text: the background costs nothing there.
void join(Piece& into, const Piece& other) {
  into.rect = unite(into.rect, other.rect);
  into.kind = std::max(into.kind, other.kind);
}

void append_cells(const FrameView& picture, const Rect& strip, long max_area, std::vector<Piece>& row) {
  for (int x = strip.x; x < strip.right();) {
    const int end = std::min(strip.right(), (x / kCell + 1) * kCell);
    const Piece cell = classify(picture, {x, strip.y, end - x, strip.height});
    if (!row.empty() && same_group(row.back(), cell) && row.back().rect.area() + cell.rect.area() <= max_area) {
      join(row.back(), cell);
    } else {
      row.push_back(cell);
    }
    x = end;
  }
}

void append_area(const FrameView& picture, const Rect& area, long max_area, std::vector<Piece>& pieces) {
  if (area.area() <= std::min(kNoCut, max_area)) {
    pieces.push_back(classify(picture, area));
    return;
  }
  std::size_t above = pieces.size();  // pieces from here on end at the current row of cells
  for (int y = area.y; y < area.bottom();) {
    const int end = std::min(area.bottom(), (y / kCell + 1) * kCell);
    std::vector<Piece> row;
    append_cells(picture, {area.x, y, area.width, end - y}, max_area, row);
    const std::size_t last_above = pieces.size();
    for (const Piece& piece : row) {
      const auto fits = [&](const Piece& upper) {
        return upper.rect.x == piece.rect.x && upper.rect.width == piece.rect.width && upper.rect.bottom() == y &&
               same_group(upper, piece) && upper.rect.area() + piece.rect.area() <= max_area;
      };
      const auto upper = std::find_if(pieces.begin() + static_cast<std::ptrdiff_t>(above),
                                      pieces.begin() + static_cast<std::ptrdiff_t>(last_above), fits);
      if (upper != pieces.begin() + static_cast<std::ptrdiff_t>(last_above)) {
        join(*upper, piece);
      } else {
        pieces.push_back(piece);
      }
    }
    while (above < last_above && pieces[above].rect.bottom() < end) ++above;
    y = end;
  }
}

// How often a pixel differs from its left neighbour.
long count_differing(const FrameView& picture, const Rect& rect) {
  std::size_t changes = 0;
  for (int y = rect.y; y < rect.bottom(); ++y) {
    changes += count_changes(picture.at(rect.x, y), static_cast<std::size_t>(rect.width));
  }
  return static_cast<long>(changes);
}

bool is_rich(const FrameView& picture, const Rect& rect, long differing) {
  return differing * 2 > rect.area() || (differing * 5 > rect.area() && has_many_colours(picture, rect));
}

bool is_one_colour_down(const FrameView& picture, const Rect& rect) {
  const std::uint32_t first = colour_at(picture, rect.x, rect.y);
  for (int y = rect.y; y < rect.bottom(); ++y) {
    if (colour_at(picture, rect.x, y) != first) return false;
  }
  return true;
}

}  // namespace

bool has_many_colours(const FrameView& picture, const Rect& rect) {
  constexpr int kSide = 16;
  std::bitset<1024> seen;
  for (int row = 0; row < kSide; ++row) {
    for (int column = 0; column < kSide; ++column) {
      const int x = rect.x + (column * rect.width + row) / kSide;
      const int y = rect.y + row * rect.height / kSide;
      seen.set((colour_at(picture, std::min(x, rect.right() - 1), y) * 0x9E3779B1u) >> 22);
    }
  }
  return seen.count() * 5 >= std::size_t{kSide} * kSide * 2;
}

bool is_rich(const FrameView& picture, const Rect& rect) {
  return is_rich(picture, rect, count_differing(picture, rect));
}

Piece classify(const FrameView& picture, const Rect& rect) {
  const long differing = count_differing(picture, rect);
  if (differing == 0 && is_one_colour_down(picture, rect)) {
    return {rect, Kind::kSolid, colour_at(picture, rect.x, rect.y)};
  }
  if (rect.area() > kMinRich && is_rich(picture, rect, differing)) return {rect, Kind::kRich, 0};
  return {rect, Kind::kDrawn, background_of(picture, rect)};
}

std::vector<Piece> pieces_of(const FrameView& picture, const Region& area, long max_area) {
  std::vector<Piece> pieces;
  for (const Rect& rect : area.rects()) append_area(picture, rect, max_area, pieces);
  return pieces;
}

}  // namespace tobari::display
