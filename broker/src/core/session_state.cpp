// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/session_state.h"

#include <algorithm>

namespace tobari::broker {

SessionState next_state(SessionState from, SessionEventKind event) noexcept {
  if (from == SessionState::kEnded || from == SessionState::kRefused) return from;
  switch (event) {
    case SessionEventKind::kConnected:
      return from == SessionState::kOffered ? SessionState::kConnected : from;
    case SessionEventKind::kDisconnected:
      return SessionState::kDisconnected;
    case SessionEventKind::kRefused:
      return from == SessionState::kOffered ? SessionState::kRefused : from;
    case SessionEventKind::kViolation:
      return from;  // the display ends the session itself and reports that too
    case SessionEventKind::kEnded:
      return SessionState::kEnded;
  }
  return from;
}

SessionState effective_state(const Session& session, Time now) noexcept {
  // A client that was routed in the last moment may still be signing in at the display: give it one more offer's time.
  const Time over = session.routed ? session.offer_expires_at + (session.offer_expires_at - session.created_at)
                                   : session.offer_expires_at;
  // A clock that is set back must not give old offers a second life; a small step is none of their fault.
  const Time before = session.created_at - (session.offer_expires_at - session.created_at);
  if (session.state == SessionState::kOffered && (now >= over || now < before)) return SessionState::kEnded;
  return session.state;
}

bool is_live(const Session& session, Time now) noexcept {
  const SessionState state = effective_state(session, now);
  return state == SessionState::kOffered || state == SessionState::kConnected;
}

bool shows(const Session& session, const DesktopId& desktop) noexcept {
  return session.desktop == desktop || std::ranges::contains(session.further, desktop);
}

}  // namespace tobari::broker
