// SPDX-License-Identifier: GPL-3.0-or-later
#include "selection.h"

#include <algorithm>
#include <string_view>

#include <X11/Xatom.h>
#include <X11/extensions/Xfixes.h>

namespace tobari::guest::clipboard {
namespace {

constexpr int kPatience = 20;  // seconds
constexpr std::size_t kMaxRequests = 8;
constexpr std::size_t kMaxSending = 8;
constexpr std::uint8_t kText = 0;

struct Name {
  const char* target;
  std::uint8_t format;
};
constexpr std::array kNames{Name{"UTF8_STRING", kText}, Name{"text/plain;charset=utf-8", kText},
                            Name{"text/plain", kText},  Name{"TEXT", kText},
                            Name{"STRING", kText},      Name{"text/rtf", 1},
                            Name{"application/rtf", 1}, Name{"text/richtext", 1},
                            Name{"text/html", 2},       Name{"image/bmp", 3},
                            Name{"image/x-bmp", 3},     Name{"image/x-MS-bmp", 3}};

std::string from_latin1(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | octet >> 6);
      out += static_cast<char>(0x80 | (octet & 0x3F));
    }
  }
  return out;
}

std::string to_latin1(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    if (octet < 0x80) {
      out += text[i];
    } else if ((octet == 0xC2 || octet == 0xC3) && i + 1 < text.size()) {
      out += static_cast<char>((octet & 0x03) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F));
    } else if ((octet & 0xC0) != 0x80) {
      out += '?';
    }
  }
  return out;
}

// Windows of other programs may go at any moment; an error about one is not ours.
int ignore_error(Display*, XErrorEvent*) { return 0; }

}  // namespace

Selection::Selection(Display* display, Callbacks callbacks)
    : display_(display),
      callbacks_(std::move(callbacks)),
      window_(XCreateSimpleWindow(display, DefaultRootWindow(display), 0, 0, 1, 1, 0, 0, 0)),
      clipboard_(XInternAtom(display, "CLIPBOARD", False)),
      targets_(XInternAtom(display, "TARGETS", False)),
      incr_(XInternAtom(display, "INCR", False)),
      transfer_(XInternAtom(display, "TOBARI_TRANSFER", False)),
      listing_(XInternAtom(display, "TOBARI_TARGETS", False)),
      string_(XInternAtom(display, "STRING", False)) {
  XSetErrorHandler(ignore_error);
  for (const Name& name : kNames) known_.emplace_back(XInternAtom(display, name.target, False), name.format);
  XSelectInput(display, window_, PropertyChangeMask);
  int error = 0;
  if (XFixesQueryExtension(display, &fixes_event_, &error) != 0) {
    XFixesSelectSelectionInput(display, DefaultRootWindow(display), clipboard_,
                               XFixesSetSelectionOwnerNotifyMask | XFixesSelectionWindowDestroyNotifyMask |
                                   XFixesSelectionClientCloseNotifyMask);
  }
}

void Selection::own(Formats formats) {
  const Formats before = std::exchange(ours_, formats);
  if (formats != 0) {
    XSetSelectionOwner(display_, clipboard_, window_, CurrentTime);
  } else if (before != 0 && XGetSelectionOwner(display_, clipboard_) == window_) {
    XSetSelectionOwner(display_, clipboard_, None, CurrentTime);
  }
}

void Selection::look() { on_owner(XGetSelectionOwner(display_, clipboard_)); }

std::optional<std::uint8_t> Selection::format_of(Atom target) const {
  const auto found = std::ranges::find(known_, target, &std::pair<Atom, std::uint8_t>::first);
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

// Far below what one request may hold, so that others get their turn.
std::size_t Selection::piece() const {
  return std::min<std::size_t>(static_cast<std::size_t>(XMaxRequestSize(display_)) * 4 - 1024, 128 * 1024);
}

void Selection::handle(XEvent& event) {
  // Only that something changed: between the event and now we may have given the clipboard up and taken it again.
  if (event.type == fixes_event_ + XFixesSelectionNotify) return look();
  if (event.type == SelectionRequest) return on_request(event.xselectionrequest);
  if (event.type == SelectionNotify) return on_notify(event.xselection);
  if (event.type == PropertyNotify) return on_property(event.xproperty);
}

// ---- a program here copies

void Selection::on_owner(Window owner) {
  if (owner == window_) return;
  theirs_.clear();
  ours_ = 0;
  if (owner == None) return callbacks_.copied(0);
  XConvertSelection(display_, clipboard_, targets_, listing_, window_, CurrentTime);
}

void Selection::on_targets(Atom property) {
  Atom type = 0;
  const std::string data = property == None ? std::string() : read_property(property, type);
  theirs_.clear();
  // Of format 32, which Xlib hands out as longs.
  for (std::size_t i = 0; i + sizeof(long) <= data.size(); i += sizeof(long)) {
    long value = 0;
    std::copy_n(data.data() + i, sizeof value, reinterpret_cast<char*>(&value));
    theirs_.push_back(static_cast<Atom>(value));
  }
  Formats formats = 0;
  for (const Atom target : theirs_) {
    if (const auto format = format_of(target)) formats |= 1U << *format;
  }
  callbacks_.copied(formats);
}

std::string Selection::read_property(Atom property, Atom& type) {
  std::string data;
  unsigned char* bytes = nullptr;
  int format = 0;
  unsigned long items = 0;
  unsigned long left = 0;
  const int got = XGetWindowProperty(display_, window_, property, 0, 0x1FFFFFFF, True, AnyPropertyType, &type, &format,
                                     &items, &left, &bytes);
  if (got == Success && bytes != nullptr) {
    const std::size_t unit = format == 32 ? sizeof(long) : static_cast<std::size_t>(format) / 8;
    data.assign(reinterpret_cast<const char*>(bytes), items * unit);
  }
  if (bytes != nullptr) XFree(bytes);
  return data;
}

void Selection::fetch(std::uint32_t id, std::uint8_t format, std::size_t most) {
  fetches_.push_back({.id = id, .format = format, .most = most});
  if (fetches_.size() == 1) begin_fetch();
}

void Selection::begin_fetch() {
  const auto best = std::ranges::find_if(known_, [this](const auto& known) {
    return known.second == fetches_.front().format && std::ranges::find(theirs_, known.first) != theirs_.end();
  });
  if (best == known_.end()) return end_fetch(std::nullopt);
  XDeleteProperty(display_, window_, transfer_);
  XConvertSelection(display_, clipboard_, best->first, transfer_, window_, CurrentTime);
}

void Selection::end_fetch(std::optional<std::string> content) {
  const Fetch fetch = std::move(fetches_.front());
  fetches_.pop_front();
  callbacks_.fetched(fetch.id, std::move(content));
  if (!fetches_.empty()) begin_fetch();
}

void Selection::on_notify(const XSelectionEvent& event) {
  if (event.target == targets_) return on_targets(event.property);
  if (fetches_.empty() || fetches_.front().pieces) return;
  if (event.property == None) return end_fetch(std::nullopt);
  Atom type = 0;
  std::string data = read_property(event.property, type);
  if (type == incr_) {
    fetches_.front().pieces = true;
    fetches_.front().seconds = 0;
    return;
  }
  end_fetch(type == string_ ? from_latin1(data) : std::move(data));
}

void Selection::on_property(const XPropertyEvent& event) {
  if (event.window == window_) {
    if (event.state != PropertyNewValue || event.atom != transfer_) return;
    if (fetches_.empty() || !fetches_.front().pieces) return;
    Atom type = 0;
    const std::string part = read_property(transfer_, type);
    Fetch& fetch = fetches_.front();
    fetch.seconds = 0;
    if (part.empty()) return end_fetch(type == string_ ? from_latin1(fetch.content) : std::move(fetch.content));
    // Twice, because of what the other end makes of it; the rest is read and forgotten.
    if (fetch.content.size() <= fetch.most * 2) fetch.content += part;
    return;
  }
  const auto found = sending_.find({event.window, event.atom});
  if (found == sending_.end() || event.state != PropertyDelete) return;
  Sending& sending = found->second;
  const std::string part = sending.content.substr(sending.sent, piece());
  sending.sent += part.size();
  XChangeProperty(display_, event.window, event.atom, sending.target, 8, PropModeReplace,
                  reinterpret_cast<const unsigned char*>(part.data()), static_cast<int>(part.size()));
  if (part.empty()) sending_.erase(found);
}

// ---- a program here pastes

void Selection::on_request(const XSelectionRequestEvent& event) {
  const Request request{event.requestor, event.target, event.property != None ? event.property : event.target,
                        event.time, format_of(event.target).value_or(0)};
  if (event.target == targets_ && ours_ != 0) {
    std::vector<long> list{static_cast<long>(targets_)};
    for (const auto& [target, format] : known_) {
      if ((ours_ >> format & 1U) != 0) list.push_back(static_cast<long>(target));
    }
    XChangeProperty(display_, request.window, request.property, XA_ATOM, 32, PropModeReplace,
                    reinterpret_cast<const unsigned char*>(list.data()), static_cast<int>(list.size()));
    return reply(request, request.property);
  }
  const auto format = format_of(event.target);
  const bool there = format && (ours_ >> *format & 1U) != 0;
  if (!there || requests_.size() >= kMaxRequests) return reply(request, None);
  const std::uint32_t id = next_request_++;
  requests_[id] = request;
  callbacks_.wanted(id, *format);
}

void Selection::give(std::uint32_t id, std::optional<std::string> content) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  const Request request = found->second;
  requests_.erase(found);
  if (!content) return reply(request, None);
  deliver(request, request.target == string_ ? to_latin1(*content) : std::move(*content));
}

void Selection::deliver(const Request& request, std::string content) {
  if (content.size() <= piece()) {
    XChangeProperty(display_, request.window, request.property, request.target, 8, PropModeReplace,
                    reinterpret_cast<const unsigned char*>(content.data()), static_cast<int>(content.size()));
    return reply(request, request.property);
  }
  if (sending_.size() >= kMaxSending) sending_.erase(sending_.begin());  // of one that does not read
  XSelectInput(display_, request.window, PropertyChangeMask);
  const long size = static_cast<long>(content.size());
  XChangeProperty(display_, request.window, request.property, incr_, 32, PropModeReplace,
                  reinterpret_cast<const unsigned char*>(&size), 1);
  sending_[{request.window, request.property}] = {request.target, std::move(content), 0};
  reply(request, request.property);
}

void Selection::reply(const Request& request, Atom property) {
  XEvent event{};
  event.xselection.type = SelectionNotify;
  event.xselection.requestor = request.window;
  event.xselection.selection = clipboard_;
  event.xselection.target = request.target;
  event.xselection.property = property;
  event.xselection.time = request.time;
  XSendEvent(display_, request.window, False, 0, &event);
}

void Selection::forget_all() {
  for (const auto& [id, request] : std::exchange(requests_, {})) reply(request, None);
  fetches_.clear();
}

void Selection::time_out() {
  if (!fetches_.empty() && ++fetches_.front().seconds > kPatience) end_fetch(std::nullopt);
}

}  // namespace tobari::guest::clipboard
