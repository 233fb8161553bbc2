// SPDX-License-Identifier: GPL-3.0-or-later
// Where a transfer is written down before its content passes: who counts what a user has moved today, over all of the
// user's sessions, and keeps the audit.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <tobari/base/result.h>
#include <tobari/policy/limits.h>

namespace tobari::display {

struct Transfer {
  std::string session_id;
  std::string channel;  // a name of the policy language
  policy::Format format{};
  std::uint64_t bytes = 0;  // of the plain form
};

class TransferLedger {
 public:
  virtual ~TransferLedger() = default;
  // `done` at most once, on any thread, perhaps at once: a success says that the transfer is durably written down and
  // may pass. An error says why not: kPermissionDenied was written down as well.
  virtual void enter(const Transfer& transfer, std::function<void(Result<void>)> done) = 0;
};

// For a display that runs alone: nobody counts.
class NoLedger final : public TransferLedger {
 public:
  void enter(const Transfer& /*transfer*/, std::function<void(Result<void>)> done) override { done({}); }
};

}  // namespace tobari::display
