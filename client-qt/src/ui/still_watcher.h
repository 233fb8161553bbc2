// SPDX-License-Identifier: GPL-3.0-or-later
// Tells when a picture has not changed for a while: for --exit-when-still.
#pragma once

#include <QObject>
#include <QTimer>

namespace tobari::client {

class StillWatcher : public QObject {
  Q_OBJECT
 public:
  static constexpr int kStillMs = 1000;
  static constexpr int kGiveUpMs = 10 * 60 * 1000;

  explicit StillWatcher(QObject* parent) : QObject(parent) {
    rest_.setSingleShot(true);
    limit_.setSingleShot(true);
    connect(&rest_, &QTimer::timeout, this, [this] {
      limit_.stop();
      emit still();
    });
    connect(&limit_, &QTimer::timeout, this, [this] {
      rest_.stop();
      emit never();
    });
    limit_.start(kGiveUpMs);
  }

  void changed() { rest_.start(kStillMs); }

 signals:
  void still();
  void never();

 private:
  QTimer rest_;
  QTimer limit_;
};

}  // namespace tobari::client
