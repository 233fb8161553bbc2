// SPDX-License-Identifier: GPL-3.0-or-later
// One connection to a desktop's display. Lives in the GUI thread; how it works inside is its own affair. Used once:
// start(), signals, then ended() as the last of all, or stop().
#pragma once

#include <cstdint>
#include <memory>

#include <QImage>
#include <QObject>
#include <QPoint>
#include <QSize>
#include <QString>

#include "model/messages.h"
#include "session/frame.h"
#include "session/input.h"

namespace tobari::client {

struct DisplayTarget {
  Connection connection;
  QSize size;  // wished, in device pixels
  std::uint32_t scale_percent = 100;
};

enum class DisplayEnd : std::uint8_t {
  kUnreachable,       // no connection could be made
  kWrongCertificate,  // something else than the desktop answered
  kRefused,           // the ticket was not taken
  kDropped,           // the line broke, or the display went away
  kTakenOver,         // another client of the same user has the desktop now
  kIdle,              // the server ended it after too long a rest
  kClosed,            // an administrator or the server ended it
};

// The pointer's shape; a null image with hidden = false is the ordinary arrow.
struct PointerShape {
  QImage image;  // ARGB32, pixels of the desktop
  QPoint hot_spot;
  bool hidden = false;
};

class RemoteDisplay : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;

  virtual void start(const DisplayTarget& target) = 0;
  virtual void stop() = 0;  // on return no signal will come; waits for the connection's end
  virtual void send(const Input& input) = 0;
  [[nodiscard]] virtual std::shared_ptr<Frame> frame() const = 0;

 signals:
  void first_picture();
  void frame_changed();  // there is damage to take, perhaps a new size
  void pointer_changed(const tobari::client::PointerShape& shape);
  void ended(tobari::client::DisplayEnd reason);
};

}  // namespace tobari::client
