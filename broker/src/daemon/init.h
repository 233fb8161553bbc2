// SPDX-License-Identifier: GPL-3.0-or-later
// What must be there before the broker can start: its CA, the portal's certificate, the database with an administrator.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>
#include <tobari/net/pki.h>
#include <tobari/recording/keys.h>

#include "core/audit_head.h"
#include "daemon/config.h"
#include "store/state_store.h"

namespace tobari::broker {

inline constexpr int kCaDays = 3650;
inline constexpr int kPortalDays = 825;  // the longest that browsers accept

// Makes what is missing. kAlreadyExists when the database has users: then nothing is touched. But where several brokers
// share a database, a further one makes what is its own; it needs the CA of the first (kNotFound), and no `admin`.
[[nodiscard]] Result<void> init_state(const Config& config, const std::string& admin,
                                      const std::filesystem::path& password_file, const Clock& clock);

struct Keys {
  net::Identity ca;
  net::Identity portal;
};
// kNotFound, with the command to run, when init_state() has not been here.
[[nodiscard]] Result<Keys> load_keys(const Config& config);

// Who can read the recordings of this broker's sessions; none: there is no such key. kInvalidArgument, kNotFound: the
// file that is configured is none.
[[nodiscard]] Result<std::optional<recording::PublicKey>> load_recording_key(const Config& config);

// The key that signs the audit's heads, state_dir/audit.key. Made, and its public half written into the audit, when it
// is not there: a state directory of an older version has none.
[[nodiscard]] Result<HeadSigner> load_audit_signer(const Config& config, StateStore& store);

}  // namespace tobari::broker
