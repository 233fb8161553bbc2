// SPDX-License-Identifier: GPL-3.0-or-later
// One desktop on the glass: asks the broker for a connection, opens the display, and comes back by itself when the line
// drops. Lives in the GUI thread. ended() is the last signal; start() may follow it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include "model/broker_api.h"
#include "session/backoff.h"
#include "session/remote_display.h"

namespace tobari::client {

class DesktopSession : public QObject {
  Q_OBJECT
 public:
  using DisplayFactory = std::function<std::unique_ptr<RemoteDisplay>()>;

  enum class State : std::uint8_t {
    kAsking,        // the broker for a connection
    kStarting,      // the desktop is off and being started
    kConnecting,    // to the display
    kShowing,       // the picture is live
    kReconnecting,  // the last picture stays
    kEnded,
  };
  Q_ENUM(State)

  static constexpr int kMaxFirstTries = 4;     // to open a display that was never seen
  static constexpr int kMaxRefusedInARow = 3;  // tickets; a fresh one each time
  static constexpr std::chrono::minutes kMaxStartWait{15};

  // `api` is signed in, and outlives this object or its stop().
  DesktopSession(BrokerApi& api, Desktop desktop, DisplayFactory factory, QObject* parent = nullptr);
  ~DesktopSession() override;

  void start(QSize size, std::uint32_t scale_percent);
  void stop();                    // no signal comes after this
  void send(const Input& input);  // dropped unless kShowing

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const Desktop& desktop() const { return desktop_; }
  [[nodiscard]] std::shared_ptr<Frame> frame() const { return shown_; }  // null before the first picture

 signals:
  void state_changed(tobari::client::DesktopSession::State state);
  void frame_replaced();  // frame() is another one
  void frame_changed();
  void pointer_changed(const tobari::client::PointerShape& shape);
  void ended(const tobari::client::Failure& why);

 private:
  void enter(State state);
  void ask();
  void ask_after(std::chrono::milliseconds wait);
  void on_answer(Outcome<Connection> answer);
  void open(const Connection& connection);
  void on_first_picture();
  void on_display_ended(DisplayEnd reason);
  void try_again(const QString& text_if_no_more);
  void finish(const Failure& why);
  void drop_display();

  BrokerApi& api_;
  Desktop desktop_;
  DisplayFactory factory_;
  std::unique_ptr<RemoteDisplay> display_;
  std::shared_ptr<Frame> shown_;
  QTimer retry_;
  QElapsedTimer starting_since_;
  Backoff backoff_;
  int refused_in_a_row_ = 0;
  QByteArray request_;  // of a pool: what is being asked for, until it was on the glass
  QSize size_;
  std::uint32_t scale_percent_ = 100;
  State state_ = State::kAsking;
};

}  // namespace tobari::client
