// SPDX-License-Identifier: GPL-3.0-or-later
#include "bulk_client.h"

#include <cstdint>
#include <cstdlib>

#include <freerdp/codec/zgfx.h>

namespace tobari::display::testing {

struct BulkClient::Context {
  std::unique_ptr<ZGFX_CONTEXT, decltype(&zgfx_context_free)> zgfx{zgfx_context_new(FALSE), zgfx_context_free};
};

BulkClient::BulkClient() : context_(std::make_unique<Context>()) {}
BulkClient::~BulkClient() = default;

std::optional<std::vector<std::byte>> BulkClient::receive(std::span<const std::byte> wrapped) {
  BYTE* data = nullptr;
  UINT32 size = 0;
  if (zgfx_decompress(context_->zgfx.get(), reinterpret_cast<const BYTE*>(wrapped.data()),
                      static_cast<UINT32>(wrapped.size()), &data, &size, 0) < 0) {
    return std::nullopt;
  }
  const std::unique_ptr<BYTE, decltype(&std::free)> owned(data, std::free);
  const auto* first = reinterpret_cast<const std::byte*>(data);
  return std::vector<std::byte>(first, first + size);
}

}  // namespace tobari::display::testing
