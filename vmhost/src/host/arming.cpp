// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/arming.h"

#include <utility>

#include <tobari/base/log.h>

namespace tobari::vmhost {
namespace {

constexpr std::size_t kKeyBytes = 32;

Result<UniqueFd> line_for(const wire::OpenDisplay& request, bool required, Recordings* recordings) {
  if (recordings == nullptr) return fail(Errc::kUnavailable, "this host keeps no recordings");
  if (request.recording_key().size() != kKeyBytes) {
    return fail(Errc::kInvalidArgument, "the broker names no key for recordings");
  }
  return recordings->open(request.session_id(), required);
}

}  // namespace

Result<Arming> arming_of(const wire::OpenDisplay& request, Recordings* recordings) {
  Arming arming;
  wire::Arm& arm = *arming.message.mutable_arm();
  arm.set_session_id(request.session_id());
  arm.set_ticket_sha256(request.ticket_sha256());
  arm.set_valid_seconds(request.valid_seconds());
  *arm.mutable_grant() = request.grant();
  if (request.grant().recording() == wire::Grant::NONE) return arming;
  const bool required = request.grant().recording() != wire::Grant::OPTIONAL;
  auto line = line_for(request, required, recordings);
  if (line) {
    arming.recording = *std::move(line);
    arm.set_recording_key(request.recording_key());
    return arming;
  }
  log::error("no recording", {{"session", request.session_id()}, {"because", describe(line.error())}});
  // Not "unavailable": that would be asked again, as if the display were starting.
  if (required) return fail(Errc::kIo, "the session must be recorded, but " + line.error().message);
  if (recordings != nullptr) recordings->note_failure(request.session_id(), line.error().message);
  return arming;
}

}  // namespace tobari::vmhost
