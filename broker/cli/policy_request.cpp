// SPDX-License-Identifier: GPL-3.0-or-later
#include "policy_request.h"

#include <format>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include <tobari/policy/timestamp.h>

namespace tobari::cli {
namespace {

using policy::Request;

std::unexpected<std::string> wrong(const char* option, std::string_view wanted, std::string_view got) {
  return std::unexpected(std::format("{} takes {}, not '{}'", option, wanted, got));
}

// What `text` says, put into `out`; empty text says nothing.
template <class Value, class Parse>
std::expected<void, std::string> take(const std::string& text, std::optional<Value>& out, const Parse& parse,
                                      const char* option, std::string_view wanted) {
  if (text.empty()) return {};
  out = parse(text);
  if (!out) return wrong(option, wanted, text);
  return {};
}

std::expected<void, std::string> apply(const RequestOptions& options, Request& request) {
  request.groups = options.groups;
  if (options.no_pool) request.pool = "";
  if (!options.pool.empty()) request.pool = options.pool;
  if (options.no_labels) request.labels.emplace();
  if (!options.labels.empty()) request.labels = options.labels;
  if (!options.client.empty()) request.client_kind = options.client;
  if (options.mfa) request.mfa_level = options.mfa;
  if (options.sessions) request.sessions = options.sessions;
  if (options.no_certificate) request.certificate.emplace();
  std::optional<policy::Sha256Bytes> sha256;
  if (auto good = take(options.certificate_sha256, sha256, policy::parse_sha256, "--certificate-sha256",
                       "64 hexadecimal digits");
      !good)
    return good;
  if (sha256 || !options.certificate_issuer.empty()) {
    request.certificate = policy::DeviceCertificate{.sha256 = sha256, .issuer = options.certificate_issuer};
  }
  if (auto good = take(options.network, request.address, policy::IpAddress::parse, "--network", "an IP address"); !good)
    return good;
  if (auto good = take(options.client_version, request.client_version, policy::ClientVersion::parse, "--client-version",
                       "a version like 3.32.1");
      !good)
    return good;
  return take(options.at, request.time, policy::parse_timestamp, "--at", "a time like 2026-11-27T22:00:00+09:00");
}

// What is in front of `separator`, which is cut off with it; all of it when there is none.
std::string_view cut(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return part;
}

}  // namespace

void add_request_options(CLI::App& command, RequestOptions& options) {
  command.add_option("--group", options.groups, "a group that a directory would name; may be repeated");
  command.add_option("--pool", options.pool, "pool of the desktop");
  command.add_flag("--no-pool", options.no_pool, "the desktop is in no pool");
  command.add_option("--label", options.labels, "a label of the desktop; may be repeated");
  command.add_flag("--no-label", options.no_labels, "the desktop has no label");
  command.add_option("--network", options.network, "the client's IP address");
  command.add_option("--client", options.client, "name of the client's program");
  command.add_option("--client-version", options.client_version, "its version");
  command.add_option("--certificate-sha256", options.certificate_sha256, "fingerprint of the device's certificate");
  command.add_option("--certificate-issuer", options.certificate_issuer, "name of the authority that issued it");
  command.add_flag("--no-certificate", options.no_certificate, "the device showed no certificate");
  command.add_option("--at", options.at, "time, as 2026-11-27T22:00:00+09:00; default: now");
  command.add_option("--mfa", options.mfa, "1: one factor, 2: two, 3: two of which one cannot be phished");
  command.add_option("--sessions", options.sessions, "sessions that the user has already");
}

std::expected<Request, std::string> request_of(const RequestOptions& options, std::chrono::sys_seconds now) {
  Request request;
  request.time = now;
  if (auto good = apply(options, request); !good) return std::unexpected(std::move(good).error());
  return request;
}

std::expected<policy::Comparison, std::string> comparison_of(const RequestOptions& options,
                                                             std::chrono::sys_seconds now) {
  policy::Comparison comparison{.users = {}, .usual = policy::usual_request(now)};
  if (auto good = apply(options, comparison.usual); !good) return std::unexpected(std::move(good).error());
  comparison.fix_pool = options.no_pool || !options.pool.empty();
  comparison.fix_labels = options.no_labels || !options.labels.empty();
  comparison.fix_address = !options.network.empty();
  comparison.fix_client = !options.client.empty();
  comparison.fix_certificate =
      options.no_certificate || !options.certificate_sha256.empty() || !options.certificate_issuer.empty();
  comparison.fix_time = !options.at.empty();
  comparison.fix_mfa = options.mfa.has_value();
  comparison.fix_sessions = options.sessions.has_value();
  return comparison;
}

std::expected<std::optional<policy::DeviceDescription>, std::string> device_of(const RequestOptions& options) {
  if (options.usb.empty()) return std::nullopt;
  std::string_view rest(options.usb);
  std::string_view ids = cut(rest, '/');
  const auto vendor = policy::parse_usb_id(cut(ids, ':'));
  const auto product = policy::parse_usb_id(cut(ids, ':'));
  policy::DeviceDescription device{.vendor = vendor.value_or(0),
                                   .product = product.value_or(0),
                                   .serial = std::string(ids),
                                   .device_class = 0,
                                   .interface_classes = {}};
  bool good = vendor && product && !rest.empty();
  while (!rest.empty()) {
    const auto code = policy::parse_usb_class(cut(rest, ','));
    good = good && code;
    device.interface_classes.push_back(code.value_or(0));
  }
  if (!good)
    return wrong("--usb", "VENDOR:PRODUCT[:SERIAL]/CLASS[,CLASS...] like 1050:0407/smartcard,hid", options.usb);
  return device;
}

}  // namespace tobari::cli
