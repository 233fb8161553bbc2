// SPDX-License-Identifier: GPL-3.0-or-later
// The machine that an image and a size make, without what belongs to one desktop. Pure.
#pragma once

#include <tobari/vmhost/hypervisor.h>

#include "core/template_plan.h"
#include "host/image_store.h"

namespace tobari::vmhost {

// Sizes are brought within what DomainSpec takes, and what the image needs.
[[nodiscard]] DomainSpec machine_of(const ImageFiles& image, const TemplateProfile& profile, Accelerator accelerator,
                                    const std::optional<VmUser>& user);

// The same of a container: its size.
[[nodiscard]] DomainSpec container_of(const ImageFiles& image, const TemplateProfile& profile);

[[nodiscard]] std::uint32_t heads_within_bounds(std::uint32_t heads);

// 64 hex digits over all that a frozen template must have in common with its copies: files of the image, machine,
// hypervisor.
[[nodiscard]] std::string fingerprint_of(const ImageFiles& image, const DomainSpec& machine,
                                         const std::string& hypervisor_version);

}  // namespace tobari::vmhost
