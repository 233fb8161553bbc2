// SPDX-License-Identifier: GPL-3.0-or-later
// Whether a display's certificate is the one that the broker named. Names, dates and signers play no part: the
// fingerprint came over the authenticated line to the broker and says everything.
#pragma once

#include <string_view>

namespace tobari::client {

// `pem`: the server's certificate, followed or not by others of its chain; only the first counts.
// `fingerprint`: SHA-256 of the DER form, 64 lower-case hex digits.
[[nodiscard]] bool certificate_matches(std::string_view pem, std::string_view fingerprint);

}  // namespace tobari::client
