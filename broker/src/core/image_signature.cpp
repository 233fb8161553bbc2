// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image_signature.h"

#include <format>

namespace tobari::broker {
namespace {

std::string image_text(const ImageVersion& version) {
  return std::format("tobari image\n{}\n{}\n{}\n", version.image, version.version, version.digest);
}

}  // namespace

void sign_image(const HeadSigner& signer, ImageVersion& version) {
  version.signature = signer.sign_text(image_text(version));
  version.signed_by = signer.public_key();
}

Result<void> verify_image(const ImageVersion& version, std::string_view trusted_key) {
  if (version.signed_by != trusted_key) {
    return fail(Errc::kPermissionDenied,
                std::format("{} is signed with another key than this deployment's", version.ref()));
  }
  if (!is_signed_by(image_text(version), version.signature, version.signed_by)) {
    return fail(Errc::kPermissionDenied,
                std::format("the signature of {} is wrong: what is stored of it was changed", version.ref()));
  }
  return {};
}

}  // namespace tobari::broker
