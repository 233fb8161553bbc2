// SPDX-License-Identifier: GPL-3.0-or-later
// A container's side of the picture port, as a test plays it: a screen in a memory file, and what is said about it.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

#include "contract/framebuffer_source/picture.h"

namespace tobari::display {

class PictureGuest {
 public:
  // A connection to whoever shows it, and the guest at its other end, which has said its first surface.
  [[nodiscard]] static Result<std::unique_ptr<PictureGuest>> start(Size size);
  ~PictureGuest();
  PictureGuest(const PictureGuest&) = delete;
  PictureGuest& operator=(const PictureGuest&) = delete;

  [[nodiscard]] UniqueFd take_connection() { return std::move(theirs_); }
  void fill(const Rect& rect, std::uint32_t rgb);  // and says so
  void resize(Size size);                          // a new surface, black
  [[nodiscard]] bool shrink_file();                // cuts the file short under whoever reads it
  [[nodiscard]] Picture picture() const;
  void say(const std::vector<std::uint32_t>& numbers, int descriptor = -1, int second = -1);
  void hang_up() { ours_.reset(); }
  // The next thing that it was told; empty: it was hung up on.
  [[nodiscard]] std::vector<std::int32_t> hear();

 private:
  PictureGuest(UniqueFd ours, UniqueFd theirs) : ours_(std::move(ours)), theirs_(std::move(theirs)) {}
  [[nodiscard]] Result<void> make_surface(Size size);
  void unmap();

  UniqueFd ours_;
  UniqueFd theirs_;
  UniqueFd file_;
  Size size_;
  std::uint32_t* pixels_ = nullptr;
};

}  // namespace tobari::display
