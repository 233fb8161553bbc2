// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/desktop_view.h"

#include <algorithm>
#include <cmath>

#include <QFocusEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPaintEvent>
#include <QPainter>
#include <QWheelEvent>
#include <QWindow>

#include "rdp/key_map.h"

namespace tobari::client {
namespace {

constexpr int kTopEdge = 2;   // view units: reaching this shows the session's bar
constexpr int kTopLeft = 60;  // and below this it goes
constexpr int kNotch = 120;
constexpr double kSlack = 2;  // device pixels

std::optional<Button> button_of(Qt::MouseButton button) {
  switch (button) {
    case Qt::LeftButton:
      return Button::kLeft;
    case Qt::RightButton:
      return Button::kRight;
    case Qt::MiddleButton:
      return Button::kMiddle;
    case Qt::BackButton:
      return Button::kBack;
    case Qt::ForwardButton:
      return Button::kForward;
    default:
      return std::nullopt;
  }
}

bool is_toggle(const QKeyEvent& event) {
  constexpr Qt::KeyboardModifiers kBoth = Qt::ControlModifier | Qt::AltModifier;
  const bool enter = event.key() == Qt::Key_Return || event.key() == Qt::Key_Enter;
  return enter && (event.modifiers() & kBoth) == kBoth;
}

}  // namespace

DesktopView::DesktopView(QWidget* parent) : QWidget(parent) {
  setAttribute(Qt::WA_OpaquePaintEvent);
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  setMinimumSize(200, 150);
  setAccessibleName(tr("Remote desktop"));
}

void DesktopView::set_frame(std::shared_ptr<Frame> frame) {
  frame_ = std::move(frame);
  (void)frame_->take_damage();
  place_picture();
  update();
}

void DesktopView::take_damage() {
  if (!frame_) return;
  const QRegion damage = frame_->take_damage();
  if (frame_->size() != picture_) {
    place_picture();
    return update();
  }
  for (const QRect& rect : damage) {
    const QRectF part(target_.topLeft() + QPointF(rect.topLeft()) * scale_, QSizeF(rect.size()) * scale_);
    // Shrinking mixes neighbours: one unit more on each side.
    const int margin = scale_ * devicePixelRatioF() < 1 ? 1 : 0;
    update(part.toAlignedRect().adjusted(-margin, -margin, margin, margin));
  }
}

void DesktopView::set_pointer(const PointerShape& shape) {
  pointer_ = shape;
  show_cursor();
}

void DesktopView::set_live(bool live) {
  if (live == live_) return;
  if (!live) emit_all(keys_.release_all());
  live_ = live;
  if (live) keys_.focus_gained();
  show_cursor();
}

void DesktopView::set_take_all_keys(bool take_all) {
  take_all_keys_ = take_all;
  if (window()->windowHandle() != nullptr) window()->windowHandle()->setKeyboardGrabEnabled(take_all && hasFocus());
}

QSize DesktopView::device_size() const { return (QSizeF(size()) * devicePixelRatioF()).toSize(); }

std::uint32_t DesktopView::scale_percent() const {
  return static_cast<std::uint32_t>(std::lround(devicePixelRatioF() * 100));
}

QImage DesktopView::grab_picture() const {
  QImage image(picture_, QImage::Format_RGB32);
  image.fill(Qt::black);
  if (!frame_ || image.isNull()) return image;
  QPainter painter(&image);
  frame_->read([&](const QImage& picture) { painter.drawImage(0, 0, picture); });
  return image;
}

// --- painting

void DesktopView::place_picture() {
  picture_ = frame_ ? frame_->size() : QSize();
  if (picture_.isEmpty()) return;
  const double dpr = devicePixelRatioF();
  const QSizeF view = QSizeF(size()) * dpr;  // everything in device pixels, so that 1:1 falls on whole ones
  // At a scale such as 1.5 no window is exactly as large as a picture: half a pixel cut off is better than all of them
  // smeared.
  const double room =
      std::min((view.width() + kSlack) / picture_.width(), (view.height() + kSlack) / picture_.height());
  const double fit = room >= 1 ? 1 : std::min(view.width() / picture_.width(), view.height() / picture_.height());
  const QSizeF shown = QSizeF(picture_) * fit;
  const QPointF corner(std::floor(std::max(view.width() - shown.width(), 0.0) / 2),
                       std::floor(std::max(view.height() - shown.height(), 0.0) / 2));
  scale_ = fit / dpr;
  target_ = QRectF(corner / dpr, shown / dpr);
  show_cursor();
}

void DesktopView::paintEvent(QPaintEvent* event) {
  QPainter painter(this);
  draw(painter, event->region());
}

void DesktopView::draw(QPainter& painter, const QRegion& region) const {
  const QRegion around = region - target_.toAlignedRect();
  for (const QRect& rect : around) painter.fillRect(rect, QColor(24, 24, 27));
  if (!frame_ || picture_.isEmpty()) return;
  const bool exact = scale_ * devicePixelRatioF() == 1.0;
  painter.setRenderHint(QPainter::SmoothPixmapTransform, !exact);
  frame_->read([&](const QImage& picture) {
    if (picture.size() != picture_) return;  // it was resized a moment ago; the news is on its way
    if (!exact) return painter.drawImage(target_, picture);
    for (const QRect& rect : region& target_.toAlignedRect()) {
      const QRectF part = QRectF(rect) & target_;
      const QRectF source((part.topLeft() - target_.topLeft()) / scale_, part.size() / scale_);
      painter.drawImage(part, picture, source);
    }
  });
}

void DesktopView::resizeEvent(QResizeEvent* /*event*/) {
  place_picture();
  emit resized();
}

void DesktopView::show_cursor() {
  if (!live_) return setCursor(Qt::ArrowCursor);
  if (pointer_.hidden) return setCursor(Qt::BlankCursor);
  if (pointer_.image.isNull()) return setCursor(Qt::ArrowCursor);
  // A pointer's pixels are desktop pixels: shown as large as the desktop itself is.
  QPixmap pixmap = QPixmap::fromImage(pointer_.image);
  pixmap.setDevicePixelRatio(devicePixelRatioF());
  const QPointF hot_spot = QPointF(pointer_.hot_spot) / devicePixelRatioF();
  setCursor(QCursor(pixmap, static_cast<int>(hot_spot.x()), static_cast<int>(hot_spot.y())));
}

// --- keys

bool DesktopView::event(QEvent* event) {
  if (event->type() == QEvent::ShortcutOverride) {  // every key is the desktop's
    event->accept();
    return true;
  }
  if (event->type() == QEvent::DevicePixelRatioChange) {
    place_picture();
    emit resized();
  }
  return QWidget::event(event);
}

bool DesktopView::focusNextPrevChild(bool /*next*/) { return false; }

void DesktopView::keyPressEvent(QKeyEvent* event) {
  if (is_toggle(*event)) {
    emit_all(keys_.release_all());
    if (!event->isAutoRepeat()) emit full_screen_toggled();
    return;
  }
  if (!live_) return;
  if (const auto locks = keys_.locks(event->nativeModifiers())) emit input(*locks);
  if (const auto key = keys_.press(scan_code_of(event->nativeScanCode()))) emit input(*key);
}

void DesktopView::keyReleaseEvent(QKeyEvent* event) {
  if (event->isAutoRepeat() || !live_) return;
  if (const auto key = keys_.release(scan_code_of(event->nativeScanCode()))) emit input(*key);
}

void DesktopView::focusInEvent(QFocusEvent* /*event*/) {
  keys_.focus_gained();
  set_take_all_keys(take_all_keys_);
}

void DesktopView::focusOutEvent(QFocusEvent* /*event*/) {
  emit_all(keys_.release_all());
  if (window()->windowHandle() != nullptr) window()->windowHandle()->setKeyboardGrabEnabled(false);
}

void DesktopView::emit_all(const std::vector<KeyInput>& keys) {
  for (const KeyInput& key : keys) emit input(key);
}

// --- mouse

QPoint DesktopView::to_desktop(const QPointF& position) const {
  const QPointF point = (position - target_.topLeft()) / scale_;
  return {std::clamp(static_cast<int>(std::floor(point.x())), 0, std::max(picture_.width() - 1, 0)),
          std::clamp(static_cast<int>(std::floor(point.y())), 0, std::max(picture_.height() - 1, 0))};
}

void DesktopView::button(const QMouseEvent& event, bool down) {
  const auto which = button_of(event.button());
  if (!which || !live_ || picture_.isEmpty()) return;
  const QPoint at = to_desktop(event.position());
  emit input(ButtonInput{.button = *which,
                         .down = down,
                         .x = static_cast<std::uint16_t>(at.x()),
                         .y = static_cast<std::uint16_t>(at.y())});
}

void DesktopView::mousePressEvent(QMouseEvent* event) { button(*event, true); }
void DesktopView::mouseDoubleClickEvent(QMouseEvent* event) { button(*event, true); }
void DesktopView::mouseReleaseEvent(QMouseEvent* event) { button(*event, false); }

void DesktopView::mouseMoveEvent(QMouseEvent* event) {
  if (event->position().y() <= kTopEdge) emit top_edge_touched();
  if (event->position().y() > kTopLeft) emit pointer_left_top();
  if (!live_ || picture_.isEmpty()) return;
  const QPoint at = to_desktop(event->position());
  emit input(MoveInput{.x = static_cast<std::uint16_t>(at.x()), .y = static_cast<std::uint16_t>(at.y())});
}

void DesktopView::wheelEvent(QWheelEvent* event) {
  event->accept();
  if (!live_) return;
  // The wire can say less than a notch, guests mostly cannot hear it: whole notches, the rest is kept.
  wheel_rest_ += event->angleDelta();
  const auto whole = [](int rest) { return rest / kNotch * kNotch; };
  const QPoint send(whole(wheel_rest_.x()), whole(wheel_rest_.y()));
  wheel_rest_ -= send;
  if (send.y() != 0) emit input(WheelInput{.delta = send.y(), .horizontal = false});
  if (send.x() != 0) emit input(WheelInput{.delta = -send.x(), .horizontal = true});
}

}  // namespace tobari::client
