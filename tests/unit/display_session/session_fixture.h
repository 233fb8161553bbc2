// SPDX-License-Identifier: GPL-3.0-or-later
// What tests of whole sessions share.
#pragma once

#include "session/display_session.h"

namespace tobari::display {

// Hears everything and says nothing.
class QuietObserver : public SessionObserver {
 public:
  void on_client_connected(const ClientInfo& /*client*/, const Admitted& /*admitted*/) override {}
  void on_client_closed(const ClientLabel& /*client*/, const Admitted* /*admitted*/, const Error& /*reason*/) override {
  }
  void on_source_lost(std::size_t /*screen*/, const Error& /*reason*/) override {}
};

[[nodiscard]] inline ClientInfo client_of(Size desktop) { return {"fake", "name", MonitorLayout::single(desktop)}; }

}  // namespace tobari::display
