// SPDX-License-Identifier: GPL-3.0-or-later
// `tobari watermark read`: whose session a picture was taken of, without a broker.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace tobari::cli {

// Adds the subcommand `watermark`. When parsing `app` runs its command, the exit status is put into `exit_code`: 0 a
// mark was read, 1 there is none, 2 the picture cannot be used. `json`: print JSON. The references must outlive the
// parsing.
void add_watermark_commands(CLI::App& app, const bool& json, int& exit_code);

[[nodiscard]] int read_watermark(const std::string& file, bool json);

}  // namespace tobari::cli
