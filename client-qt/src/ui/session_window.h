// SPDX-License-Identifier: GPL-3.0-or-later
// The window of one desktop session: picture, bar, and the messages over them. Owns the session.
#pragma once

#include <memory>

#include <QTimer>
#include <QWidget>

#include "session/desktop_session.h"

namespace tobari::client {

class DesktopView;
class MessageOverlay;
class SessionBar;

class SessionWindow : public QWidget {
  Q_OBJECT
 public:
  // `size` in device pixels; invalid: the default.
  SessionWindow(std::unique_ptr<DesktopSession> session, QSize size, bool full_screen);
  ~SessionWindow() override;

  void start();
  [[nodiscard]] QImage grab_picture() const;

 signals:
  void picture_changed();
  void session_failed(const tobari::client::Failure& why);  // shown already
  void sign_in_wanted();                                    // the sign-in is over
  void closed();                                            // last; the window deletes itself

 protected:
  void closeEvent(QCloseEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void watch_session();
  void watch_view();
  void on_state(DesktopSession::State state);
  void on_ended(const Failure& why);
  void on_again();
  void toggle_full_screen();
  void wish_size();

  std::unique_ptr<DesktopSession> session_;
  DesktopView* view_;
  SessionBar* bar_;
  MessageOverlay* overlay_;
  QTimer resize_timer_;  // a window being dragged would ask for a hundred sizes
  bool sign_in_over_ = false;
};

}  // namespace tobari::client
