// SPDX-License-Identifier: GPL-3.0-or-later
#include "headless_clipboard.h"

#include <atomic>
#include <chrono>
#include <span>
#include <utility>

#include <freerdp/client/cliprdr.h>

namespace tobari::display::testing {
namespace {
constexpr std::chrono::seconds kLimit{10};
std::atomic<HeadlessClipboard*> current_clipboard = nullptr;
}  // namespace

struct ClipboardCallbacks {
  static HeadlessClipboard& of(CliprdrClientContext* c) { return *static_cast<HeadlessClipboard*>(c->custom); }

  static UINT capabilities(CliprdrClientContext*, const CLIPRDR_CAPABILITIES*) { return 0; }
  static UINT ready(CliprdrClientContext* c, const CLIPRDR_MONITOR_READY*) {
    CLIPRDR_GENERAL_CAPABILITY_SET general{};
    general.capabilitySetType = CB_CAPSTYPE_GENERAL;
    general.capabilitySetLength = 12;
    general.version = CB_CAPS_VERSION_2;
    general.generalFlags = CB_USE_LONG_FORMAT_NAMES;
    CLIPRDR_CAPABILITIES caps{};
    caps.cCapabilitiesSets = 1;
    caps.capabilitySets = reinterpret_cast<CLIPRDR_CAPABILITY_SET*>(&general);
    static_cast<void>(c->ClientCapabilities(c, &caps));
    {
      const std::scoped_lock lock(of(c).mutex_);
      of(c).ready_ = true;
    }
    of(c).changed_.notify_all();
    of(c).announce();
    return 0;
  }
  static UINT list(CliprdrClientContext* c, const CLIPRDR_FORMAT_LIST* list) {
    std::vector<HeadlessClipboard::Format> formats;
    for (const CLIPRDR_FORMAT& format : std::span(list->formats, list->numFormats)) {
      formats.push_back({format.formatId, format.formatName != nullptr ? format.formatName : ""});
    }
    {
      const std::scoped_lock lock(of(c).mutex_);
      of(c).offered_ = std::move(formats);
    }
    of(c).changed_.notify_all();
    CLIPRDR_FORMAT_LIST_RESPONSE response{};
    response.common.msgType = CB_FORMAT_LIST_RESPONSE;
    response.common.msgFlags = CB_RESPONSE_OK;
    return c->ClientFormatListResponse(c, &response);
  }
  static UINT list_response(CliprdrClientContext*, const CLIPRDR_FORMAT_LIST_RESPONSE*) { return 0; }
  static UINT request(CliprdrClientContext* c, const CLIPRDR_FORMAT_DATA_REQUEST* request) {
    HeadlessClipboard::Bytes data;
    bool there = false;
    {
      const std::scoped_lock lock(of(c).mutex_);
      ++of(c).asked_;
      const auto found = of(c).items_.find(request->requestedFormatId);
      there = found != of(c).items_.end();
      if (there) data = found->second.data;
    }
    CLIPRDR_FORMAT_DATA_RESPONSE response{};
    response.common.msgType = CB_FORMAT_DATA_RESPONSE;
    response.common.msgFlags = there ? CB_RESPONSE_OK : CB_RESPONSE_FAIL;
    response.common.dataLen = static_cast<UINT32>(data.size());
    response.requestedFormatData = reinterpret_cast<const BYTE*>(data.data());
    return c->ClientFormatDataResponse(c, &response);
  }
  static UINT response(CliprdrClientContext* c, const CLIPRDR_FORMAT_DATA_RESPONSE* response) {
    const auto* data = reinterpret_cast<const std::byte*>(response->requestedFormatData);
    std::optional<HeadlessClipboard::Bytes> got;
    if ((response->common.msgFlags & CB_RESPONSE_OK) != 0) got.emplace(data, data + response->common.dataLen);
    {
      const std::scoped_lock lock(of(c).mutex_);
      of(c).pasted_ = std::move(got);
    }
    of(c).changed_.notify_all();
    return 0;
  }
};

HeadlessClipboard::HeadlessClipboard() { current_clipboard = this; }
HeadlessClipboard::~HeadlessClipboard() { current_clipboard = nullptr; }

void HeadlessClipboard::attach(void* cliprdr) {
  HeadlessClipboard* const clipboard = current_clipboard;
  if (clipboard == nullptr) return;
  auto* c = static_cast<CliprdrClientContext*>(cliprdr);
  c->custom = clipboard;
  c->ServerCapabilities = ClipboardCallbacks::capabilities;
  c->MonitorReady = ClipboardCallbacks::ready;
  c->ServerFormatList = ClipboardCallbacks::list;
  c->ServerFormatListResponse = ClipboardCallbacks::list_response;
  c->ServerFormatDataRequest = ClipboardCallbacks::request;
  c->ServerFormatDataResponse = ClipboardCallbacks::response;
  const std::scoped_lock lock(clipboard->mutex_);
  clipboard->cliprdr_ = cliprdr;
}

void HeadlessClipboard::copy(std::map<std::uint32_t, Item> items) {
  {
    const std::scoped_lock lock(mutex_);
    items_ = std::move(items);
  }
  announce();
}

void HeadlessClipboard::announce() {
  std::vector<std::pair<std::uint32_t, std::string>> names;
  CliprdrClientContext* c = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    if (!ready_) return;
    c = static_cast<CliprdrClientContext*>(cliprdr_);
    for (const auto& [id, item] : items_) names.emplace_back(id, item.name);
  }
  std::vector<CLIPRDR_FORMAT> formats;
  for (auto& [id, name] : names) formats.push_back({id, name.empty() ? nullptr : name.data()});
  CLIPRDR_FORMAT_LIST list{};
  list.common.msgType = CB_FORMAT_LIST;
  list.numFormats = static_cast<UINT32>(formats.size());
  list.formats = formats.data();
  static_cast<void>(c->ClientFormatList(c, &list));
}

std::optional<std::vector<HeadlessClipboard::Format>> HeadlessClipboard::wait_offer(std::size_t formats) {
  std::unique_lock lock(mutex_);
  const auto there = [this, formats] { return offered_ && offered_->size() == formats; };
  if (!changed_.wait_for(lock, kLimit, there)) return std::nullopt;
  return offered_;
}

std::optional<std::optional<HeadlessClipboard::Bytes>> HeadlessClipboard::paste(std::uint32_t id) {
  CliprdrClientContext* c = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    if (!ready_) return std::nullopt;
    pasted_.reset();
    c = static_cast<CliprdrClientContext*>(cliprdr_);
  }
  CLIPRDR_FORMAT_DATA_REQUEST request{};
  request.common.msgType = CB_FORMAT_DATA_REQUEST;
  request.requestedFormatId = id;
  static_cast<void>(c->ClientFormatDataRequest(c, &request));
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kLimit, [this] { return pasted_.has_value(); });
  return pasted_;
}

std::size_t HeadlessClipboard::asked() {
  const std::scoped_lock lock(mutex_);
  return asked_;
}

bool HeadlessClipboard::wait_ready() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kLimit, [this] { return ready_; });
}

}  // namespace tobari::display::testing
