// SPDX-License-Identifier: GPL-3.0-or-later
// A person at an X display who copies and pastes (CLIPBOARD): what xclip would do, with several formats at once.
//   tobari-selection own TARGET FILE [TARGET FILE]...   has these until somebody else copies; says "owned"
//   tobari-selection get TARGET                         writes what is pasted to the standard output
//   tobari-selection targets                            what could be pasted, one a line
// Exit status 1: there is nothing, or nobody answers within five seconds.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <poll.h>
#include <print>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <X11/Xatom.h>
#include <X11/Xlib.h>

namespace {

constexpr int kPatience = 5000;

class Person {
 public:
  explicit Person(Display* display)
      : display_(display),
        window_(XCreateSimpleWindow(display, DefaultRootWindow(display), 0, 0, 1, 1, 0, 0, 0)),
        clipboard_(atom("CLIPBOARD")),
        targets_(atom("TARGETS")),
        incr_(atom("INCR")),
        timestamp_(atom("TIMESTAMP")),
        property_(atom("PASTED")) {
    XSelectInput(display, window_, PropertyChangeMask);
    XSetErrorHandler([](Display*, XErrorEvent*) { return 0; });
  }

  [[nodiscard]] Atom atom(const char* name) const { return XInternAtom(display_, name, False); }

  int own(const std::map<Atom, std::string>& items) {
    // Of now, and not "now": whoever compares two selections (rdesktop) asks when each was taken (ICCCM 2.6.2).
    XChangeProperty(display_, window_, property_, XA_INTEGER, 32, PropModeAppend, nullptr, 0);
    XEvent changed;
    XWindowEvent(display_, window_, PropertyChangeMask, &changed);
    since_ = changed.xproperty.time;
    XSetSelectionOwner(display_, clipboard_, window_, since_);
    if (XGetSelectionOwner(display_, clipboard_) != window_) return 1;
    std::println("owned");
    std::fflush(stdout);
    for (XEvent event; XNextEvent(display_, &event) == 0;) {
      if (event.type == SelectionClear) return 0;
      if (event.type == SelectionRequest) serve(event.xselectionrequest, items);
    }
    return 1;
  }

  // False: nobody gives it.
  bool get(Atom target, std::string& data) {
    XConvertSelection(display_, clipboard_, target, property_, window_, CurrentTime);
    XEvent event;
    do {
      if (!next(event)) return false;
    } while (event.type != SelectionNotify);
    if (event.xselection.property == None) return false;
    Atom type = 0;
    data = read(type);
    if (type != incr_) return true;
    data.clear();
    while (next(event)) {
      if (event.type != PropertyNotify || event.xproperty.state != PropertyNewValue) continue;
      const std::string part = read(type);
      if (part.empty()) return true;
      data += part;
    }
    return false;
  }

  int list() {
    std::string data;
    if (!get(targets_, data)) return 1;
    for (std::size_t i = 0; i + sizeof(long) <= data.size(); i += sizeof(long)) {
      long value = 0;
      std::memcpy(&value, data.data() + i, sizeof value);
      char* name = XGetAtomName(display_, static_cast<Atom>(value));
      std::println("{}", name != nullptr ? name : "?");
      if (name != nullptr) XFree(name);
    }
    return 0;
  }

 private:
  bool next(XEvent& event) {
    if (XPending(display_) == 0) {
      pollfd item{ConnectionNumber(display_), POLLIN, 0};
      if (::poll(&item, 1, kPatience) <= 0) return false;
    }
    XNextEvent(display_, &event);
    return true;
  }

  void serve(const XSelectionRequestEvent& request, const std::map<Atom, std::string>& items) {
    XEvent reply{};
    reply.xselection.type = SelectionNotify;
    reply.xselection.requestor = request.requestor;
    reply.xselection.selection = request.selection;
    reply.xselection.target = request.target;
    reply.xselection.time = request.time;
    reply.xselection.property = request.property;
    const auto found = items.find(request.target);
    if (request.target == targets_) {
      std::vector<long> list{static_cast<long>(targets_), static_cast<long>(timestamp_)};
      for (const auto& [target, data] : items) list.push_back(static_cast<long>(target));
      XChangeProperty(display_, request.requestor, request.property, XA_ATOM, 32, PropModeReplace,
                      reinterpret_cast<const unsigned char*>(list.data()), static_cast<int>(list.size()));
    } else if (request.target == timestamp_) {
      const long since = static_cast<long>(since_);
      XChangeProperty(display_, request.requestor, request.property, XA_INTEGER, 32, PropModeReplace,
                      reinterpret_cast<const unsigned char*>(&since), 1);
    } else if (found != items.end()) {
      XChangeProperty(display_, request.requestor, request.property, request.target, 8, PropModeReplace,
                      reinterpret_cast<const unsigned char*>(found->second.data()),
                      static_cast<int>(found->second.size()));
    } else {
      reply.xselection.property = None;
    }
    XSendEvent(display_, request.requestor, False, 0, &reply);
    XFlush(display_);
  }

  std::string read(Atom& type) {
    unsigned char* bytes = nullptr;
    int format = 0;
    unsigned long items = 0;
    unsigned long left = 0;
    XGetWindowProperty(display_, window_, property_, 0, 0x1FFFFFFF, True, AnyPropertyType, &type, &format, &items,
                       &left, &bytes);
    std::string data;
    if (bytes != nullptr) {
      data.assign(reinterpret_cast<const char*>(bytes),
                  items * (format == 32 ? sizeof(long) : static_cast<std::size_t>(format) / 8));
      XFree(bytes);
    }
    return data;
  }

  Display* display_;
  Window window_;
  Atom clipboard_, targets_, incr_, timestamp_, property_;
  Time since_ = CurrentTime;
};

int act(Display* display, std::span<const char* const> arguments) {
  const std::string_view what = arguments.empty() ? "" : arguments[0];
  Person person(display);
  if (what == "targets") return person.list();
  if (what == "get" && arguments.size() == 2) {
    std::string data;
    if (!person.get(person.atom(arguments[1]), data)) return 1;
    std::fwrite(data.data(), 1, data.size(), stdout);
    return 0;
  }
  if (what != "own" || arguments.size() < 3 || arguments.size() % 2 == 0) return 2;
  std::map<Atom, std::string> items;
  for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
    std::ifstream file(arguments[i + 1], std::ios::binary);
    items[person.atom(arguments[i])] = std::string(std::istreambuf_iterator<char>(file), {});
  }
  return person.own(items);
}

}  // namespace

int main(int argc, char** argv) {
  Display* display = XOpenDisplay(nullptr);
  if (display == nullptr) return 2;
  const int status = act(display, std::span<const char* const>(argv, static_cast<std::size_t>(argc)).subspan(1));
  XCloseDisplay(display);
  return status;
}
