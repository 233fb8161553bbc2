// SPDX-License-Identifier: GPL-3.0-or-later
// What the broker orders about a session, as its display process is told. Pure.
#pragma once

#include "host/claims.h"
#include "tobari/display_control.pb.h"
#include "tobari/host.pb.h"

namespace tobari::vmhost {

[[nodiscard]] inline wire::ToDisplay drop_of(const wire::CloseSession& request) {
  wire::ToDisplay message;
  message.mutable_drop()->set_session_id(request.session_id());
  message.mutable_drop()->set_reason(bounded(request.reason()));
  message.mutable_drop()->set_denied(request.denied());
  return message;
}

[[nodiscard]] inline wire::ToDisplay narrow_of(const wire::NarrowSession& request) {
  wire::ToDisplay message;
  message.mutable_narrow()->set_session_id(request.session_id());
  *message.mutable_narrow()->mutable_grant() = request.grant();
  return message;
}

[[nodiscard]] inline wire::ToDisplay answer_of(const wire::TransferAnswered& answer) {
  wire::ToDisplay message;
  message.mutable_transfer_answer()->set_id(answer.id());
  message.mutable_transfer_answer()->set_allowed(answer.allowed());
  message.mutable_transfer_answer()->set_reason(bounded(answer.reason()));
  return message;
}

}  // namespace tobari::vmhost
