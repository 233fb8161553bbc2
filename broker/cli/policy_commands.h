// SPDX-License-Identifier: GPL-3.0-or-later
// `tobari policy check | explain | test | diff`: what policy files say, without a broker.
#pragma once

namespace CLI {
class App;
}

namespace tobari::cli {

// Adds the subcommand `policy`. When parsing `app` runs one of its commands, its exit status is put into `exit_code`
// (docs/POLICY.md lists them). Both references must outlive the parsing.
void add_policy_commands(CLI::App& app, int& exit_code);

}  // namespace tobari::cli
