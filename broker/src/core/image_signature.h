// SPDX-License-Identifier: GPL-3.0-or-later
// The deployment's word for a version of an image: its name, number and digest, signed with the key of the audit.
// Whoever can write to the database cannot put another image in its place. Pure.
#pragma once

#include <string_view>

#include <tobari/base/result.h>

#include "core/audit_head.h"
#include "core/types.h"

namespace tobari::broker {

// Fills in the signature over what the version says now.
void sign_image(const HeadSigner& signer, ImageVersion& version);

// kPermissionDenied names what does not fit: another key, or something that was changed afterwards.
[[nodiscard]] Result<void> verify_image(const ImageVersion& version, std::string_view trusted_key);

}  // namespace tobari::broker
