// SPDX-License-Identifier: GPL-3.0-or-later
// A real X server for tests, without a screen, and something that draws on it.
#pragma once

#include <memory>
#include <string>

#include <tobari/base/result.h>

#include "contract/framebuffer_source/child.h"
#include "contract/framebuffer_source/picture.h"

namespace tobari::display {

class Xvfb {
 public:
  // `framebuffer_folder`: where it keeps its screen as a file; empty: it keeps it for itself.
  [[nodiscard]] static Result<std::unique_ptr<Xvfb>> start(Size size, int depth = 24,
                                                           const std::string& framebuffer_folder = {});
  ~Xvfb();
  Xvfb(const Xvfb&) = delete;
  Xvfb& operator=(const Xvfb&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }  // ":7"
  void kill() { server_.kill(); }
  [[nodiscard]] pid_t pid() const noexcept { return server_.pid(); }
  void freeze(bool frozen);  // SIGSTOP and SIGCONT

  // The test's own client; each waits until the server has done it.
  void fill(const Rect& rect, std::uint32_t rgb);
  void fill_many(int count);        // that many small rectangles, each a request of its own
  [[nodiscard]] Picture picture();  // through plain GetImage
  void watch_input();               // a window over everything that takes keys and buttons
  struct Input {
    int type = 0;  // KeyPress and so on
    unsigned code = 0;
    unsigned state = 0;
    unsigned long keysym = 0;
    Point position;
  };
  [[nodiscard]] Input next_input();  // waits
  void set_cursor(bool empty);       // an arrow, or nothing at all

 private:
  struct Client;
  Xvfb(Child server, std::string name, std::unique_ptr<Client> client);
  Child server_;
  std::string name_;
  std::unique_ptr<Client> client_;
};

}  // namespace tobari::display
