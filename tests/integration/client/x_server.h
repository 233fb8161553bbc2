// SPDX-License-Identifier: GPL-3.0-or-later
// An X server with a window manager, for the tests of this program.
#pragma once

#include <string>

#include <sys/types.h>

namespace tobari::client::test {

class XServer {
 public:
  XServer();  // fails the test run when there is no Xvfb
  ~XServer();
  XServer(const XServer&) = delete;
  XServer& operator=(const XServer&) = delete;

  [[nodiscard]] const std::string& display() const { return display_; }  // ":N"

 private:
  pid_t server_ = -1;
  pid_t manager_ = -1;
  std::string display_;
};

}  // namespace tobari::client::test
