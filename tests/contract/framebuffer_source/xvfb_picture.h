// SPDX-License-Identifier: GPL-3.0-or-later
// A container's screen without the container: Xvfb with its screen in a file, and tobari-picture
// (installer/guest/picture) beside it, listening.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <tobari/base/unique_fd.h>

#include "contract/framebuffer_source/child.h"
#include "contract/framebuffer_source/xvfb.h"

namespace tobari::display {

class XvfbPicture {
 public:
  // On return the screen has the size `first`.
  [[nodiscard]] static Result<std::unique_ptr<XvfbPicture>> start(Size largest, Size first);
  ~XvfbPicture();
  XvfbPicture(const XvfbPicture&) = delete;
  XvfbPicture& operator=(const XvfbPicture&) = delete;

  [[nodiscard]] Result<UniqueFd> connect() const;  // whenever it is asked; the newest counts
  [[nodiscard]] Xvfb& server() noexcept { return *server_; }
  void kill() { program_.kill(); }
  [[nodiscard]] std::size_t file_bytes() const;  // that the screen's file takes

 private:
  XvfbPicture(std::filesystem::path folder, std::unique_ptr<Xvfb> server, Child program)
      : folder_(std::move(folder)), server_(std::move(server)), program_(std::move(program)) {}
  std::filesystem::path folder_;
  std::unique_ptr<Xvfb> server_;
  Child program_;
};

}  // namespace tobari::display
