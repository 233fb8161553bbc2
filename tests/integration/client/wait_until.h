// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the event loop until something holds; false when it does not in time.
#pragma once

#include <chrono>
#include <functional>

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QEventLoop>
#include <QTimer>

namespace tobari::client::test {

inline bool wait_until(const std::function<bool()>& holds, std::chrono::milliseconds most = std::chrono::seconds(20)) {
  const QDeadlineTimer deadline(most);
  QTimer tick;  // wakes the loop for what changes on other threads
  tick.start(5);
  while (!holds()) {
    if (deadline.hasExpired()) return false;
    QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
  }
  return true;
}

}  // namespace tobari::client::test
