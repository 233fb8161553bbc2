// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/jpeg_encoder.h"

#include <turbojpeg.h>

namespace tobari::display {

void JpegEncoder::Free::operator()(void* handle) const noexcept { tjDestroy(handle); }

JpegEncoder::~JpegEncoder() = default;

Result<std::unique_ptr<JpegEncoder>> JpegEncoder::create(int quality) {
  Handle handle(tjInitCompress());
  if (!handle) return fail(Errc::kExhausted, "libjpeg-turbo has no memory");
  return std::unique_ptr<JpegEncoder>(new JpegEncoder(std::move(handle), quality));
}

void JpegEncoder::encode(const FrameView& frame, const Rect& rect, std::vector<std::byte>& out) {
  const std::size_t before = out.size();
  unsigned long size = tjBufSize(rect.width, rect.height, TJSAMP_420);
  out.resize(before + size);
  auto* to = reinterpret_cast<unsigned char*>(out.data() + before);
  const auto* from = reinterpret_cast<const unsigned char*>(frame.at(rect.x, rect.y));
  // NOREALLOC: the buffer is ours, and as large as any picture of this size can become.
  const int done = tjCompress2(handle_.get(), from, rect.width, static_cast<int>(frame.stride), rect.height, TJPF_BGRX,
                               &to, &size, TJSAMP_420, quality_, TJFLAG_NOREALLOC);
  out.resize(done == 0 ? before + size : before);
}

}  // namespace tobari::display
