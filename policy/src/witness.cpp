// SPDX-License-Identifier: GPL-3.0-or-later
#include "witness.h"

namespace tobari::policy {
namespace {

using std::chrono::sys_seconds;

// The next instant, from the day of `from` on, at which the window opens.
std::optional<sys_seconds> opening(const Window& window, sys_seconds from) {
  constexpr int kDays = 400;  // a calendar comes round
  const auto today = std::chrono::floor<std::chrono::days>(window.zone->local(from));
  for (int day = 0; day < kDays; ++day) {
    const std::chrono::local_seconds wall = today + std::chrono::days(day) + window.from;
    const sys_seconds as_if_utc(wall.time_since_epoch());
    const auto offset = window.zone->local(as_if_utc).time_since_epoch() - as_if_utc.time_since_epoch();
    if (window.is_open(as_if_utc - offset)) return as_if_utc - offset;
  }
  return std::nullopt;
}

std::uint32_t within(const Range<std::uint32_t>& range, std::uint32_t usual) {
  return range.has(usual) ? usual : range.at_least.value_or(0);
}

}  // namespace

Request witness(const Who& who, const Conditions& conditions, const Comparison& comparison) {
  Request request = comparison.usual;
  if (!who.pools.empty() && !comparison.fix_pool) request.pool = who.pools.front();
  if (!who.labels.empty() && !comparison.fix_labels) request.labels = {who.labels.front()};
  if (!conditions.networks.empty() && !comparison.fix_address) request.address = conditions.networks.front().address;
  if (!conditions.clients.empty() && !comparison.fix_client) {
    const ClientMatch& client = conditions.clients.front();
    request.client_kind = client.kind;
    if (client.versions) request.client_version = client.versions->at_least.value_or(ClientVersion{});
  }
  if (!conditions.certificates.empty() && !comparison.fix_certificate) {
    const CertificateMatch& certificate = conditions.certificates.front();
    request.certificate = DeviceCertificate{.sha256 = certificate.sha256, .issuer = certificate.issuer};
  }
  if (!conditions.windows.empty() && !comparison.fix_time && request.time) {
    request.time = opening(conditions.windows.front(), *request.time).value_or(*request.time);
  }
  if (conditions.mfa && !comparison.fix_mfa) request.mfa_level = within(*conditions.mfa, request.mfa_level.value_or(0));
  if (conditions.sessions && !comparison.fix_sessions) {
    request.sessions = within(*conditions.sessions, request.sessions.value_or(0));
  }
  if (!conditions.usb.empty()) {
    const UsbMatch& usb = conditions.usb.front();
    request.usb = UsbPart{.vendor = usb.vendor.value_or(0),
                          .product = usb.product.value_or(0),
                          .serial = usb.serial.value_or(""),
                          .device_class = 0,
                          .interface_class = usb.device_class.value_or(0)};
  }
  return request;
}

}  // namespace tobari::policy
