// SPDX-License-Identifier: GPL-3.0-or-later
// Decisions of the policy in words.
#pragma once

#include <string>
#include <vector>

#include <tobari/policy/policy_set.h>

namespace tobari::cli {

// "text, html; at most 65536 bytes a transfer"; empty when nothing is limited.
[[nodiscard]] std::string words_of(const policy::Limits& limits);
// "visible watermark; idle timeout 900 s"; empty when nothing is required.
[[nodiscard]] std::string words_of(const policy::Obligations& require);
// "allow tcp 10.0.0.0/8, *.example.com ports 443, 8000-8100 (rule 'market')"
[[nodiscard]] std::string words_of(const policy::NetworkEntry& entry);
[[nodiscard]] std::string words_of(const policy::IpNetwork& network);

}  // namespace tobari::cli
