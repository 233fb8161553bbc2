// SPDX-License-Identifier: GPL-3.0-or-later
// How the catalogue of images looks in answers.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include <tobari/base/result.h>

#include "rest/api.h"

namespace tobari::broker {

using ImageView = nlohmann::ordered_json;

[[nodiscard]] ImageView view(const ImageVersion& version);  // as it is stored
// With what hosts say of it, and what hangs on it.
[[nodiscard]] Result<ImageView> image_version_view(const Api& api, const Reader& reader, const std::string& name,
                                                   std::uint32_t number);
[[nodiscard]] Result<ImageView> image_list_view(const Reader& reader);
[[nodiscard]] Result<ImageView> image_view(const Api& api, const Reader& reader, const std::string& name);

}  // namespace tobari::broker
