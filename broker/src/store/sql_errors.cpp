// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sql_errors.h"

#include <format>

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

namespace tobari::broker {

std::unexpected<Error> sql_failure(std::string_view doing_what, const std::exception& e) {
  const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&e);
  const int primary = sqlite == nullptr ? 0 : sqlite->result() & 0xff;
  switch (primary) {
    case SQLITE_CONSTRAINT:
      return fail(Errc::kAlreadyExists, std::format("{}: it conflicts with what is stored", doing_what));
    case SQLITE_FULL:
      return fail(Errc::kIo, "the broker's disk is full, nothing was changed: free some space and try again");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(Errc::kUnavailable, std::format("{}: the database is in use by another program", doing_what));
    default:
      break;
  }
  // Not what(): it quotes the bound values, and password hashes are among them.
  const auto* known = dynamic_cast<const soci::soci_error*>(&e);
  return fail(Errc::kIo, std::format("{}: {}", doing_what, known == nullptr ? e.what() : known->get_error_message()));
}

}  // namespace tobari::broker
