// SPDX-License-Identifier: GPL-3.0-or-later
// The PostgreSQL of all the cases in this program. It survives what kills it.
#pragma once

#include "postgres/postgres_server.h"

namespace tobari::broker {

test::PostgresServer& the_server();

}  // namespace tobari::broker
