// SPDX-License-Identifier: GPL-3.0-or-later
// One paste after another in a display process of their own: what has to pass, and what must not.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <tobari/policy/limits.h>

#include "clipboard_scene.h"
#include "directions.h"

namespace tobari::leak {

[[nodiscard]] std::string name_of(policy::Format format);

struct ClipboardCase {
  bool allowed = false;   // it has to pass; otherwise nothing of it may
  std::string direction;  // kToGuest, kFromGuest
  std::string format;     // and under which grant
  std::size_t size = 0;
  std::size_t attempts = 0;
  std::size_t through = 0;
  std::string fault{};  // empty: it is as it should be
};

class ClipboardTrial {
 public:
  using Say = std::function<void(const ClipboardCase&)>;
  // `attempts`: of each case that must not pass. `say` is called with each case when it is over.
  ClipboardTrial(std::string program, std::size_t attempts, Say say)
      : program_(std::move(program)), attempts_(attempts), say_(std::move(say)) {}

  // What follows is under this grant (ClipboardScene::open).
  [[nodiscard]] Result<void> open(const std::string& grant);
  [[nodiscard]] ClipboardScene& scene() noexcept { return *scene_; }
  void say(const ClipboardCase& row) const { say_(row); }

  void pass_to_guest(policy::Format format, std::size_t size, const std::string& under);
  void pass_from_guest(policy::Format format, std::size_t size, const std::string& under);
  // `content`: as the client's clipboard has it, with this canary. `may_offer`: the format is granted, and what is said
  // to be of it is not.
  void block_to_guest(policy::Format format, const std::string& what, std::size_t size,
                      const std::function<Bytes(const std::string& canary)>& content, bool may_offer);
  void block_from_guest(policy::Format format, const std::string& what, std::size_t size, bool may_offer);
  // The session is over afterwards.
  void ends_session(const std::string& direction, const std::string& what, const std::function<void()>& act);

 private:
  const std::string program_;
  const std::size_t attempts_;
  const Say say_;
  std::unique_ptr<ClipboardScene> scene_;
};

}  // namespace tobari::leak
