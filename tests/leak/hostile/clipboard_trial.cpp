// SPDX-License-Identifier: GPL-3.0-or-later
#include "clipboard_trial.h"

#include <utility>

namespace tobari::leak {

using policy::Format;

std::string name_of(Format format) { return std::string(policy::kFormatNames[static_cast<std::size_t>(format)]); }

Result<void> ClipboardTrial::open(const std::string& grant) {
  TOBARI_ASSIGN(scene_, ClipboardScene::open(program_, grant));
  return {};
}

// ---- what passes

void ClipboardTrial::pass_to_guest(Format format, std::size_t size, const std::string& under) {
  ClipboardScene& s = *scene_;
  const Content content = content_of(format, s.client_canaries.next(), size);
  ClipboardCase row{.allowed = true,
                    .direction = kToGuest,
                    .format = name_of(format) + under,
                    .size = content.plain.size(),
                    .attempts = 1};
  s.clipboard->copies(format, content.windows);
  if (!s.wait([&] { return s.guest->offered(format); })) {
    row.fault = "the desktop is not offered it";
  } else {
    const std::uint32_t id = s.guest->asks(format);
    if (!s.wait([&] { return s.guest->answered(id); })) {
      row.fault = "nobody answers the desktop";
    } else if (!s.guest->given(id)) {
      row.fault = "it is refused";
    } else if (*s.guest->given(id) != content.plain) {
      row.fault = "what arrives is not what was copied";
    }
  }
  say_(row);
}

void ClipboardTrial::pass_from_guest(Format format, std::size_t size, const std::string& under) {
  ClipboardScene& s = *scene_;
  const Content content = content_of(format, s.machine_canaries.next(), size);
  ClipboardCase row{.allowed = true,
                    .direction = kFromGuest,
                    .format = name_of(format) + under,
                    .size = content.plain.size(),
                    .attempts = 1};
  s.guest->copies(format, content.plain);
  if (!s.wait([&] { return s.clipboard->offered(format_id(format)); })) {
    row.fault = "the client is not offered it";
  } else {
    s.clipboard->asks(format_id(format));
    if (!s.wait([&] { return s.clipboard->answered(); })) {
      row.fault = "nobody answers the client";
    } else if (!s.clipboard->given()) {
      row.fault = "it is refused";
    } else if (format == Format::kHtml ? document_of(*s.clipboard->given()) != content.plain
                                       : *s.clipboard->given() != content.windows) {
      row.fault = "what arrives is not what was copied";
    }
  }
  say_(row);
}

// ---- what does not

void ClipboardTrial::block_to_guest(Format format, const std::string& what, std::size_t size,
                                    const std::function<Bytes(const std::string&)>& content, bool may_offer) {
  ClipboardScene& s = *scene_;
  ClipboardCase row{.direction = kToGuest, .format = what, .size = size};
  for (std::size_t i = 0; i < attempts_ && row.fault.empty(); ++i) {
    ++row.attempts;
    const std::size_t before = s.guest->canaries();
    const std::size_t asked = s.clipboard->asked();
    s.clipboard->copies(format, content(s.client_canaries.next()));
    if (!s.settle()) {
      row.fault = "the session ends";
      break;
    }
    if (!may_offer && s.guest->offered(format)) row.fault = "the desktop is offered it";
    const std::uint32_t id = s.guest->asks(format);
    if (!s.wait([&] { return s.guest->answered(id); })) {
      row.fault = "nobody answers the desktop";
    } else if (s.guest->given(id)) {
      row.fault = "something is pasted";
      ++row.through;
    }
    if (!may_offer && s.clipboard->asked() != asked) row.fault = "the client is asked for it";
    row.through += s.guest->canaries() - before;
  }
  say_(row);
}

void ClipboardTrial::block_from_guest(Format format, const std::string& what, std::size_t size, bool may_offer) {
  ClipboardScene& s = *scene_;
  ClipboardCase row{.direction = kFromGuest, .format = what, .size = size};
  for (std::size_t i = 0; i < attempts_ && row.fault.empty(); ++i) {
    ++row.attempts;
    const std::size_t before = s.to_client();
    s.guest->copies(format, content_of(format, s.machine_canaries.next(), size).plain);
    if (!s.settle()) {
      row.fault = "the session ends";
      break;
    }
    if (!may_offer && s.clipboard->offered(format_id(format))) row.fault = "the client is offered it";
    s.clipboard->asks(format_id(format));
    if (!s.wait([&] { return s.clipboard->answered(); })) {
      row.fault = "nobody answers the client";
    } else if (s.clipboard->given()) {
      row.fault = "something is pasted";
      ++row.through;
    }
    row.through += s.to_client() - before;
  }
  say_(row);
}

void ClipboardTrial::ends_session(const std::string& direction, const std::string& what,
                                  const std::function<void()>& act) {
  ClipboardScene& s = *scene_;
  ClipboardCase row{.direction = direction, .format = what, .size = 96, .attempts = 1};
  const std::size_t before = s.guest->canaries();
  act();
  static_cast<void>(s.wait([&] { return s.client->ended(); }, std::chrono::seconds(5)));
  s.guest->serve();
  row.through = s.guest->canaries() - before;
  if (!s.client->ended()) row.fault = "the session goes on";
  s.clipboard.reset();
  s.client.reset();
  const auto report = s.stand->wait_ended(s.session);
  if (row.fault.empty() && (!report || !report->violation)) row.fault = "it is not reported as a violation";
  say_(row);
}

}  // namespace tobari::leak
