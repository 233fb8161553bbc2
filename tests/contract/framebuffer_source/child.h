// SPDX-License-Identifier: GPL-3.0-or-later
// A program that a test starts and that ends with it.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include <tobari/base/result.h>

namespace tobari::display {

class Child {
 public:
  // `keep_fd` stays open in the child, under the same number; everything else is close-on-exec.
  [[nodiscard]] static Result<Child> start(const std::vector<std::string>& command, int keep_fd = -1);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child() { kill(); }

  void kill();  // and waits for its end
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

}  // namespace tobari::display
