// SPDX-License-Identifier: GPL-3.0-or-later
// Shows a desktop's picture pixel for pixel, and turns what a person does over it into input. When the picture is
// larger than the view it is shrunk to fit; when smaller, centred.
#pragma once

#include <memory>

#include <QWidget>

#include "session/remote_display.h"
#include "ui/key_tracker.h"

namespace tobari::client {

class DesktopView : public QWidget {
  Q_OBJECT
 public:
  explicit DesktopView(QWidget* parent = nullptr);

  void set_frame(std::shared_ptr<Frame> frame);
  void take_damage();  // repaints what changed
  void set_pointer(const PointerShape& shape);
  void set_live(bool live);               // without: no input, the ordinary arrow
  void set_take_all_keys(bool take_all);  // also those of the window manager

  [[nodiscard]] QSize device_size() const;            // of the view, in device pixels
  [[nodiscard]] std::uint32_t scale_percent() const;  // of this screen
  [[nodiscard]] QImage grab_picture() const;          // as painted, at the picture's size

 signals:
  void input(const tobari::client::Input& input);
  void full_screen_toggled();
  void resized();
  void top_edge_touched();
  void pointer_left_top();

 protected:
  bool event(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void keyReleaseEvent(QKeyEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;
  bool focusNextPrevChild(bool next) override;

 private:
  void draw(QPainter& painter, const QRegion& region) const;
  void place_picture();  // after a change of either size
  [[nodiscard]] QPoint to_desktop(const QPointF& position) const;
  void button(const QMouseEvent& event, bool down);
  void emit_all(const std::vector<KeyInput>& keys);
  void show_cursor();

  std::shared_ptr<Frame> frame_;
  QSize picture_;     // pixels of the desktop
  QRectF target_;     // where it is in the view
  double scale_ = 1;  // view units a pixel
  PointerShape pointer_;
  KeyTracker keys_;
  QPoint wheel_rest_;  // of notches, for devices that scroll finely
  bool live_ = false;
  bool take_all_keys_ = false;
};

}  // namespace tobari::client
