// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/frame.h"

#include <cstring>
#include <new>

namespace tobari::client {
namespace {

constexpr std::align_val_t kAlignment{64};
constexpr int kMaxDamageRects = 64;  // beyond that its bounding box: one larger paint is cheaper than many small ones

}  // namespace

void Frame::Free::operator()(std::byte* memory) const noexcept { ::operator delete(memory, kAlignment); }

bool Frame::resize(QSize size) {
  if (size.width() < 1 || size.height() < 1 || size.width() > kMaxSide || size.height() > kMaxSide) return false;
  const std::size_t bytes = static_cast<std::size_t>(size.width()) * static_cast<std::size_t>(size.height()) * 4U;
  std::unique_ptr<std::byte, Free> fresh(static_cast<std::byte*>(::operator new(bytes, kAlignment, std::nothrow)));
  if (!fresh) return false;
  std::memset(fresh.get(), 0, bytes);

  const std::scoped_lock lock(mutex_);
  pixels_ = std::move(fresh);
  size_ = size;
  damage_ = QRegion();
  return true;
}

void Frame::begin_update() {
  if (updating_) return;
  mutex_.lock();
  updating_ = true;
}

bool Frame::end_update(const QRegion& damage) {
  if (!updating_) return false;
  const bool tell = damage_.isEmpty() && !damage.isEmpty();
  damage_ += damage & QRect(QPoint(0, 0), size_);
  if (damage_.rectCount() > kMaxDamageRects) damage_ = damage_.boundingRect();
  updating_ = false;
  mutex_.unlock();
  return tell;
}

void Frame::read(const std::function<void(const QImage&)>& look) const {
  const std::scoped_lock lock(mutex_);
  const auto* first = reinterpret_cast<const uchar*>(pixels_.get());
  look(QImage(first, size_.width(), size_.height(), qsizetype{size_.width()} * 4, QImage::Format_RGB32));
}

QRegion Frame::take_damage() {
  const std::scoped_lock lock(mutex_);
  QRegion taken;
  taken.swap(damage_);
  return taken;
}

QSize Frame::size() const {
  const std::scoped_lock lock(mutex_);
  return size_;
}

}  // namespace tobari::client
