// SPDX-License-Identifier: GPL-3.0-or-later
// A client without a window: FreeRDP's decoders painting into a picture.
#pragma once

#include <memory>

#include <tobari/display/encoder.h>
#include <tobari/display/region.h>

#include "pictures.h"

namespace tobari::display::testing {

class ReferenceClient {
 public:
  explicit ReferenceClient(Size size);
  ~ReferenceClient();

  // False when a decoder refuses the data.
  [[nodiscard]] bool show(const EncodedRect& rect);
  [[nodiscard]] bool show(const EncodedFrame& frame);
  [[nodiscard]] bool show_planar(const EncodedRect& rect, bool bottom_up);
  void resize(Size size);  // as after ResetGraphics: codecs that belong to the connection live on

  [[nodiscard]] const Picture& picture() const;
  [[nodiscard]] const Region& lossy() const;  // last painted by a lossy codec
  // The first pixel in which the two differ, as text; empty: none does. Pixels in `except` are not compared.
  [[nodiscard]] std::string difference(const Picture& from, const Region& except = {}) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tobari::display::testing
