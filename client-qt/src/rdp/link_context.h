// SPDX-License-Identifier: GPL-3.0-or-later
// What the FreeRDP callbacks of this folder share. Included by its .cpp files only.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <freerdp/client.h>
#include <freerdp/client/disp.h>
#include <freerdp/client/rdpgfx.h>
#include <winpr/synch.h>

#include "rdp/input_queue.h"
#include "rdp/link.h"

namespace tobari::client {

// The state of one connection; everything but the atomics belongs to the connection's threads.
struct LinkState {
  LinkState(const DisplayTarget& link_target, Frame& link_frame, LinkEvents& link_events)
      : target(link_target), frame(link_frame), events(link_events), pin(target.connection.fingerprint.toStdString()) {}

  // Any thread: the connection ends soon, for the first reason given.
  void end(DisplayEnd reason) {
    int none = kNone;
    verdict_.compare_exchange_strong(none, std::to_underlying(reason));
    SetEvent(wake);
  }
  // Ours, ahead of anything that the library says.
  [[nodiscard]] std::optional<DisplayEnd> verdict() const {
    const int reason = verdict_;
    return reason == kNone ? std::nullopt : std::optional(static_cast<DisplayEnd>(reason));
  }

  DisplayTarget target;
  Frame& frame;
  LinkEvents& events;
  std::string pin;
  InputQueue input;
  HANDLE wake = nullptr;  // manual reset: something is to be done
  std::atomic<bool> stop{false};

  bool picture_seen = false;  // something was painted
  std::atomic<DispClientContext*> resizer{nullptr};
  pcRdpgfxCreateSurface create_surface = nullptr;  // of the library, behind our check

 private:
  static constexpr int kNone = -1;
  std::atomic<int> verdict_{kNone};
};

// FreeRDP allocates this itself, zeroed: plain members only.
struct LinkContext {
  rdpClientContext base;
  LinkState* state;
};

inline LinkState& state_of(rdpContext* context) { return *reinterpret_cast<LinkContext*>(context)->state; }

}  // namespace tobari::client
