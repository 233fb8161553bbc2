// SPDX-License-Identifier: GPL-3.0-or-later
#include "portal.h"

#include <charconv>
#include <cstdlib>
#include <format>
#include <unistd.h>
#include <utility>

#include <sys/stat.h>

#include "daemon/files.h"

namespace tobari::cli {
namespace {

constexpr mode_t kPrivateFile = 0600;
constexpr mode_t kPrivateFolder = 0700;

// Of the server, but it may be anybody's until the certificate is known: no control characters on a terminal.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text.substr(0, 1024);
}

Refusal refusal_of(const broker::Response& response) {
  Refusal refusal{.status = response.status, .code = "", .detail = "", .retry_after = {}};
  const auto problem = Json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (problem.is_object()) {
    refusal.code = problem.value("code", "");
    refusal.detail = printable(problem.value("detail", ""));
  }
  if (refusal.detail.empty()) refusal.detail = std::format("the broker answered {}", response.status);
  for (const auto& [name, value] : response.headers) {
    int seconds = 0;
    if (name == "Retry-After") std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (seconds > 0) refusal.retry_after = std::chrono::seconds(std::min(seconds, 60));
  }
  return refusal;
}

Errc code_of(int status) {
  switch (status) {
    case 401:
      return Errc::kUnauthenticated;
    case 403:
      return Errc::kPermissionDenied;
    case 404:
      return Errc::kNotFound;
    case 409:
      return Errc::kAlreadyExists;
    case 429:
      return Errc::kExhausted;
    case 503:
    case 504:
      return Errc::kUnavailable;
    default:
      return status >= 500 ? Errc::kInternal : Errc::kInvalidArgument;
  }
}

Error with_advice(Error error, const std::string& fingerprint, bool has_ca) {
  if (error.code != Errc::kUnauthenticated) return error;
  error.message += has_ca ? "; it is not of the authority in the CA file" : "; pass --ca FILE with the broker's ca.crt";
  if (!fingerprint.empty()) error.message += std::format(" (its SHA-256 is {})", fingerprint);
  return error;
}

// Both files or neither. Empty ones leave what was kept.
Result<void> take_device(const Portal::Given& given, KeptSignIn& sign_in) {
  if (given.device_certificate.empty() != given.device_key.empty()) {
    return fail(Errc::kInvalidArgument, "--device-certificate and --device-key go together");
  }
  if (given.device_key.empty()) return {};
  std::error_code error;
  sign_in.device_certificate = std::filesystem::absolute(given.device_certificate, error).string();
  if (!error) sign_in.device_key = std::filesystem::absolute(given.device_key, error).string();
  if (error) return fail(Errc::kInvalidArgument, "the device's files: " + error.message());
  return {};
}

}  // namespace

Result<std::filesystem::path> token_file() {
  // The command line is one thread.
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config == '/') {  // NOLINT
    return std::filesystem::path(config) / "tobari" / "token";
  }
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe)
  if (home == nullptr || *home != '/')
    return fail(Errc::kInvalidArgument, "HOME is not set: where to keep the sign-in");
  return std::filesystem::path(home) / ".config" / "tobari" / "token";
}

Result<KeptSignIn> load_sign_in() {
  TOBARI_ASSIGN(const auto file, token_file());
  const auto text = broker::read_small_file(file);
  if (!text.has_value()) return fail(Errc::kNotFound, "not signed in: run tobari login first");
  const auto kept = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!kept.is_object()) return fail(Errc::kNotFound, "the kept sign-in cannot be read: run tobari login again");
  return KeptSignIn{kept.value("broker", ""), kept.value("ca", ""), kept.value("token", ""),
                    kept.value("device_certificate", ""), kept.value("device_key", "")};
}

Result<void> keep_sign_in(const KeptSignIn& sign_in) {
  TOBARI_ASSIGN(const auto file, token_file());
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  if (error) return fail(Errc::kIo, std::format("make {}: {}", file.parent_path().string(), error.message()));
  if (::chmod(file.parent_path().c_str(), kPrivateFolder) != 0) return fail_errno(errno, "protect the sign-in");
  Json kept{{"broker", sign_in.broker}, {"ca", sign_in.ca_pem}, {"token", sign_in.token}};
  if (!sign_in.device_key.empty()) {
    kept["device_certificate"] = sign_in.device_certificate;
    kept["device_key"] = sign_in.device_key;
  }
  return broker::write_small_file(file, kept.dump(), kPrivateFile);
}

void forget_sign_in() {
  std::error_code ignored;
  if (const auto file = token_file()) std::filesystem::remove(*file, ignored);
}

Portal::Portal(KeptSignIn sign_in, broker::HttpsTarget target)
    : sign_in_(std::move(sign_in)), client_(std::make_unique<broker::HttpsClient>(std::move(target))) {}

Result<Portal> Portal::open(const Given& given) {
  const std::string& broker = given.broker;
  KeptSignIn sign_in;
  auto kept = load_sign_in();
  if (broker.empty() && !kept.has_value()) {
    return fail(Errc::kInvalidArgument, "which broker? run tobari login --broker https://HOST first");
  }
  if (kept.has_value() && (broker.empty() || broker == kept->broker)) sign_in = std::move(*kept);
  if (!broker.empty()) sign_in.broker = broker;
  if (!given.ca_file.empty()) {
    TOBARI_ASSIGN(sign_in.ca_pem, broker::read_small_file(given.ca_file));
  }
  TOBARI_TRY(take_device(given, sign_in));
  TOBARI_ASSIGN(auto target, broker::parse_https_url(sign_in.broker));
  target.ca_pem = sign_in.ca_pem;
  if (!sign_in.device_key.empty()) {
    TOBARI_ASSIGN(target.device_certificate_pem, broker::read_small_file(sign_in.device_certificate));
    TOBARI_ASSIGN(target.device_key_pem, broker::read_key_file(sign_in.device_key));
  }
  return Portal(std::move(sign_in), std::move(target));
}

Result<broker::Response> Portal::exchange(const std::string& method, const std::string& path, const Json& body,
                                          Refusal* refusal, const std::string& key) {
  broker::Request request;
  request.method = method;
  request.idempotency_key = key;
  const auto mark = std::min(path.find('?'), path.size());
  request.path = "/api/v1" + path.substr(0, mark);
  if (mark < path.size()) request.query = path.substr(mark + 1);
  if (!sign_in_.token.empty()) request.authorization = "Bearer " + sign_in_.token;
  if (!body.is_null()) request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  auto response = client_->send(request);
  if (!response.has_value()) {
    return std::unexpected<Error>(
        with_advice(std::move(response).error(), client_->peer_fingerprint(), !sign_in_.ca_pem.empty()));
  }
  if (response->status >= 300) {
    Refusal said = refusal_of(*response);
    const auto error = fail(code_of(said.status), said.detail);
    if (refusal != nullptr) *refusal = std::move(said);
    return error;
  }
  return response;
}

Result<std::string> Portal::download(const std::string& path, Refusal* refusal) {
  TOBARI_ASSIGN(broker::Response response, exchange("GET", path, nullptr, refusal, ""));
  return std::move(response.body);
}

Result<Json> Portal::call(const std::string& method, const std::string& path, const Json& body, Refusal* refusal,
                          const std::string& key) {
  TOBARI_ASSIGN(const broker::Response response, exchange(method, path, body, refusal, key));
  if (response.body.empty()) return Json();
  auto parsed = Json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return fail(Errc::kPeerProtocol, "this is no Tobari broker: its answer is not JSON");
  return parsed;
}

}  // namespace tobari::cli
