// SPDX-License-Identifier: GPL-3.0-or-later
#include "rest/idempotency.h"

#include <tobari/base/random.h>

#include "core/sha256.h"

namespace tobari::broker {
namespace {

// A hash: the body may hold a password.
std::string request_hash(const Call& call) {
  return sha256_hex(call.request.method + "\n" + call.request.path + "\n" + call.request.body);
}

}  // namespace

Result<std::optional<Response>> earlier_answer(Api& api, const Call& call) {
  const std::string& key = call.request.idempotency_key;
  if (key.empty()) return std::optional<Response>();
  if (!is_uuid(key)) return fail(Errc::kInvalidArgument, "Idempotency-Key must be a UUID in lower case");
  const UserId user = call.caller.user.id;
  auto stored = api.store.get([&user, &key](const Reader& reader) { return reader.reply(user, key); });
  if (!stored.has_value()) {
    if (stored.error().code == Errc::kNotFound) return std::optional<Response>();
    return std::unexpected<Error>(stored.error());
  }
  if (stored->created_at + std::chrono::days(1) <= api.clock.wall()) return std::optional<Response>();
  if (stored->request_sha256 != request_hash(call)) {
    return fail(Errc::kAlreadyExists, "this Idempotency-Key was used for another request: use a new one");
  }
  return std::optional(
      Response{.status = stored->status, .content_type = "application/json", .body = stored->body, .headers = {}});
}

Result<void> remember_answer(Writer& writer, const Call& call, const Response& response, Time now) {
  if (call.request.idempotency_key.empty()) return {};
  TOBARI_TRY(writer.remove_expired(now));  // the same key of the day before
  return writer.add_reply({.user = call.caller.user.id,
                           .key = call.request.idempotency_key,
                           .request_sha256 = request_hash(call),
                           .status = response.status,
                           .body = response.body,
                           .created_at = now});
}

}  // namespace tobari::broker
