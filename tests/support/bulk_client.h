// SPDX-License-Identifier: GPL-3.0-or-later
// The receiving end of bulk compression: FreeRDP's decoder with its history.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace tobari::display::testing {

class BulkClient {
 public:
  BulkClient();
  ~BulkClient();

  // What a whole RDP_SEGMENTED_DATA says; nothing when the decoder refuses it.
  [[nodiscard]] std::optional<std::vector<std::byte>> receive(std::span<const std::byte> wrapped);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace tobari::display::testing
