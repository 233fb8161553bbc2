// SPDX-License-Identifier: GPL-3.0-or-later
// What a ClearCodec bitmap is made of (MS-RDPEGFX 2.2.4.1), so that a test can tell that an encoder took every way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "rdp/wire.h"

namespace tobari::display::testing {

struct ClearPaths {
  int cache_resets = 0;
  int glyphs_kept = 0;
  int glyphs_known = 0;
  int residual_runs = 0;
  int long_residual_runs = 0;  // in two bytes or four
  int bands = 0;
  int columns_known = 0;        // whole
  int short_columns_known = 0;  // without the background around
  int columns_sent = 0;
  int plain_areas = 0;
  int palette_areas = 0;
  int malformed = 0;

  void count(std::span<const std::byte> bitmap) {
    WireReader in(bitmap);
    const unsigned flags = in.u8();
    in.skip(1);  // the sequence number
    if ((flags & 1) != 0) in.skip(2);
    glyphs_kept += (flags & 3) == 1 ? 1 : 0;
    glyphs_known += (flags & 3) == 3 ? 1 : 0;
    cache_resets += (flags & 4) != 0 ? 1 : 0;
    if ((flags & 2) != 0) return;
    const std::size_t residual = in.u32();
    const std::size_t banded = in.u32();
    const std::size_t subcodecs = in.u32();
    count_residual(WireReader(in.bytes(residual)));
    count_bands(WireReader(in.bytes(banded)));
    count_subcodecs(WireReader(in.bytes(subcodecs)));
    if (!in.ok() || in.remaining() > 0) ++malformed;
  }

 private:
  void count_residual(WireReader in) {
    while (in.remaining() > 0) {
      in.skip(3);
      ++residual_runs;
      if (in.u8() == 0xFF) {
        ++long_residual_runs;
        if (in.u16() == 0xFFFF) in.skip(4);
      }
    }
    malformed += in.ok() ? 0 : 1;
  }

  void count_bands(WireReader in) {
    while (in.remaining() > 0 && in.ok()) {
      ++bands;
      const unsigned left = in.u16();
      const unsigned right = in.u16();
      in.skip(2 + 2 + 3);  // top, bottom, background
      for (unsigned x = left; x <= right && in.ok(); ++x) count_column(in);
    }
    malformed += in.ok() ? 0 : 1;
  }

  void count_column(WireReader& in) {
    const unsigned header = in.u16();
    if ((header & 0x8000u) != 0) {
      ++columns_known;
    } else if ((header & 0x4000u) != 0) {
      ++short_columns_known;
      in.skip(1);
    } else {
      ++columns_sent;
      const unsigned on = header & 0xFFu;
      const unsigned off = (header >> 8) & 0x3Fu;
      in.skip(off > on ? std::size_t{3} * (off - on) : 0);
    }
  }

  void count_subcodecs(WireReader in) {
    while (in.remaining() > 0 && in.ok()) {
      in.skip(8);
      const std::size_t size = in.u32();
      (in.u8() == 0 ? plain_areas : palette_areas)++;
      in.skip(size);
    }
    malformed += in.ok() ? 0 : 1;
  }
};

}  // namespace tobari::display::testing
