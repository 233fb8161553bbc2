// SPDX-License-Identifier: GPL-3.0-or-later
// X11's CLIPBOARD selection (ICCCM 2): owned in the name of whoever is at the other end, watched, asked. One thread, no
// waiting: everything that takes time ends in a callback.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <X11/Xlib.h>

namespace tobari::guest::clipboard {

using Formats = unsigned;  // a bit each

class Selection {
 public:
  struct Callbacks {
    std::function<void(Formats)> copied;                                // a program here has it now; 0: nobody has
    std::function<void(std::uint32_t id, std::uint8_t format)> wanted;  // a program pastes what we own: give()
    std::function<void(std::uint32_t id, std::optional<std::string>)> fetched;
  };
  Selection(Display* display, Callbacks callbacks);

  void own(Formats formats);  // 0: gives it up
  void give(std::uint32_t id, std::optional<std::string> content);
  void fetch(std::uint32_t id, std::uint8_t format, std::size_t most);
  void forget_all();  // what the other end asked for and was asked
  void look();        // tells once more what is there

  void handle(XEvent& event);
  void time_out();  // a program that does not answer: to be called once a second
  [[nodiscard]] bool busy() const { return !fetches_.empty(); }

 private:
  struct Request {  // of a program here
    Window window = 0;
    Atom target = 0;
    Atom property = 0;
    Time time = 0;
    std::uint8_t format = 0;
  };
  struct Sending {  // in pieces
    Atom target = 0;
    std::string content;
    std::size_t sent = 0;
  };
  struct Fetch {
    std::uint32_t id = 0;
    std::uint8_t format = 0;
    std::size_t most = 0;
    std::string content{};
    bool pieces = false;
    int seconds = 0;
  };

  void on_owner(Window owner);
  void on_request(const XSelectionRequestEvent& request);
  void on_notify(const XSelectionEvent& event);
  void on_property(const XPropertyEvent& event);
  void on_targets(Atom property);
  void begin_fetch();
  void end_fetch(std::optional<std::string> content);
  void deliver(const Request& request, std::string content);
  void reply(const Request& request, Atom property);
  std::string read_property(Atom property, Atom& type);
  [[nodiscard]] std::optional<std::uint8_t> format_of(Atom target) const;
  [[nodiscard]] std::size_t piece() const;

  Display* display_;
  Callbacks callbacks_;
  Window window_;
  Atom clipboard_, targets_, incr_, transfer_, listing_, string_;
  std::vector<std::pair<Atom, std::uint8_t>> known_;  // the best of each format first
  int fixes_event_ = 0;
  Formats ours_ = 0;
  std::vector<Atom> theirs_;  // targets of the program that owns it
  std::map<std::uint32_t, Request> requests_;
  std::uint32_t next_request_ = 1;
  std::map<std::pair<Window, Atom>, Sending> sending_;
  std::deque<Fetch> fetches_;  // the first one is under way
};

}  // namespace tobari::guest::clipboard
