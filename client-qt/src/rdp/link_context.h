// SPDX-License-Identifier: GPL-3.0-or-later
// What the FreeRDP callbacks of this folder share. Included by its .cpp files only.
#pragma once

#include <atomic>
#include <memory>

#include <freerdp/client.h>
#include <freerdp/client/disp.h>
#include <freerdp/client/rdpgfx.h>

#include "rdp/input_queue.h"
#include "rdp/link.h"

namespace tobari::client {

// The state of one connection; everything but the atomics belongs to the connection's threads.
struct LinkState {
  LinkState(const DisplayTarget& link_target, Frame& link_frame, LinkEvents& link_events)
      : target(link_target), frame(link_frame), events(link_events), pin(target.connection.fingerprint.toStdString()) {}

  DisplayTarget target;
  Frame& frame;
  LinkEvents& events;
  std::string pin;
  InputQueue input;
  std::atomic<bool> stop{false};

  bool activated = false;               // the handshake is through: an end from now on is the line's
  bool picture_seen = false;            // something was painted
  bool wrong_certificate = false;       // and that is why the connection failed
  std::atomic<bool> bad_server{false};  // it broke a limit of ours
  std::atomic<DispClientContext*> resizer{nullptr};
  pcRdpgfxCreateSurface create_surface = nullptr;  // of the library, behind our check
};

// FreeRDP allocates this itself, zeroed: plain members only.
struct LinkContext {
  rdpClientContext base;
  LinkState* state;
};

inline LinkState& state_of(rdpContext* context) { return *reinterpret_cast<LinkContext*>(context)->state; }

}  // namespace tobari::client
