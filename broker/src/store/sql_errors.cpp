// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sql_errors.h"

#include <array>
#include <format>
#include <string>

#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

namespace tobari::broker {
namespace {

constexpr const char* kDiskFull = "the broker's disk is full, nothing was changed: free some space and try again";

SqlFailure failure(Errc code, std::string message, Trouble trouble = Trouble::kNone) {
  return {Error{.code = code, .message = std::move(message)}, trouble};
}

SqlFailure other_failure(std::string_view doing_what, const std::exception& e) {
  // Not what(): it quotes the bound values, and password hashes are among them.
  const auto* known = dynamic_cast<const soci::soci_error*>(&e);
  return failure(Errc::kIo,
                 std::format("{}: {}", doing_what, known == nullptr ? e.what() : known->get_error_message()));
}

SqlFailure of_sqlite(std::string_view doing_what, const soci::sqlite3_soci_error& e) {
  switch (e.result() & 0xff) {
    case SQLITE_CONSTRAINT:
      return failure(Errc::kAlreadyExists, std::format("{}: it conflicts with what is stored", doing_what));
    case SQLITE_FULL:
      return failure(Errc::kIo, kDiskFull);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return failure(Errc::kUnavailable, std::format("{}: the database is in use by another program", doing_what));
    default:
      return other_failure(doing_what, e);
  }
}

enum class Kind : std::uint8_t { kConflict, kFull, kBusy, kSlow, kAgain, kAway };
struct SqlState {
  std::string_view begins;  // an SQLSTATE or its class (PostgreSQL, appendix A); the first that fits counts
  Kind kind;
};
constexpr std::array kStates{
    SqlState{"23", Kind::kConflict}, SqlState{"40001", Kind::kAgain}, SqlState{"40P01", Kind::kAgain},
    SqlState{"53100", Kind::kFull},  SqlState{"53", Kind::kAway},     SqlState{"55P03", Kind::kBusy},
    SqlState{"57014", Kind::kSlow},  SqlState{"57P", Kind::kAway},    SqlState{"08", Kind::kAway},
    SqlState{"0A000", Kind::kAway},  // a standby: it cannot begin what writes
    SqlState{"25006", Kind::kAway},  SqlState{"25P03", Kind::kAway},  SqlState{"25P04", Kind::kAway},
};

// The server's message quotes values (a key that exists already): its number says enough.
SqlFailure of_postgres(std::string_view doing_what, const std::string& state) {
  for (const SqlState& each : kStates) {
    if (!state.starts_with(each.begins)) continue;
    switch (each.kind) {
      case Kind::kConflict:
        return failure(Errc::kAlreadyExists, std::format("{}: it conflicts with what is stored", doing_what));
      case Kind::kFull:
        return failure(Errc::kIo, "the database's disk is full, nothing was changed: free some space and try again");
      case Kind::kBusy:
        return failure(Errc::kUnavailable, std::format("{}: the database is in use by another program", doing_what));
      case Kind::kSlow:
        return failure(Errc::kUnavailable, std::format("{}: the database takes too long", doing_what));
      case Kind::kAgain:
        return failure(Errc::kUnavailable, std::format("{}: too many changes at once: try again", doing_what),
                       Trouble::kAgain);
      case Kind::kAway:
        return failure(Errc::kUnavailable, kDatabaseAway, Trouble::kLost);
    }
  }
  return failure(Errc::kIo, std::format("{}: the database says SQLSTATE {}: its log says more", doing_what, state));
}

}  // namespace

SqlFailure sql_failure(std::string_view doing_what, const std::exception& e) {
  if (const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&e)) return of_sqlite(doing_what, *sqlite);
  if (const auto* postgres = dynamic_cast<const soci::postgresql_soci_error*>(&e)) {
    return of_postgres(doing_what, postgres->sqlstate());
  }
  return other_failure(doing_what, e);
}

}  // namespace tobari::broker
