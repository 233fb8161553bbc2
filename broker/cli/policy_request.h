// SPDX-License-Identifier: GPL-3.0-or-later
// A request to the policy as options of a command: `--user alice --network 10.0.0.7 --mfa 2 …`.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include <tobari/policy/difference.h>
#include <tobari/policy/request.h>

namespace CLI {
class App;
}

namespace tobari::cli {

struct RequestOptions {
  std::string pool, network, client, client_version, certificate_sha256, certificate_issuer, at, usb;
  std::vector<std::string> groups, labels;
  bool no_pool = false, no_labels = false, no_certificate = false;
  std::optional<std::uint32_t> mfa, sessions;
};

// All but the user. `options` must outlive the parsing.
void add_request_options(CLI::App& command, RequestOptions& options);

// What is left out is not known; only the time is then `now`. The error is a sentence about the option that is wrong.
[[nodiscard]] std::expected<policy::Request, std::string> request_of(const RequestOptions& options,
                                                                     std::chrono::sys_seconds now);

// The same for comparisons: what is left out is as usual.
[[nodiscard]] std::expected<policy::Comparison, std::string> comparison_of(const RequestOptions& options,
                                                                           std::chrono::sys_seconds now);

// VENDOR:PRODUCT[:SERIAL]/CLASS[,CLASS…], as in "1050:0407/smartcard,hid"; nothing when --usb is absent.
[[nodiscard]] std::expected<std::optional<policy::DeviceDescription>, std::string> device_of(
    const RequestOptions& options);

}  // namespace tobari::cli
