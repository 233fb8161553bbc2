// SPDX-License-Identifier: GPL-3.0-or-later
// The broker as the command line sees it: who it is, the kept sign-in, and calls with JSON both ways.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include <tobari/base/result.h>

#include "http/https_client.h"

namespace tobari::cli {

using Json = nlohmann::ordered_json;

// What `login` leaves for the commands after it, in $XDG_CONFIG_HOME/tobari/token (or ~/.config/…), mode 0600.
struct KeptSignIn {
  std::string broker;  // URL
  std::string ca_pem;  // empty: the system's authorities
  std::string token;
  // What the device shows, as absolute paths, so that its key is in one place only; both empty: nothing.
  std::string device_certificate{}, device_key{};
};
[[nodiscard]] Result<std::filesystem::path> token_file();
[[nodiscard]] Result<KeptSignIn> load_sign_in();  // kNotFound: nobody has signed in
[[nodiscard]] Result<void> keep_sign_in(const KeptSignIn& sign_in);
void forget_sign_in();

// The broker said no.
struct Refusal {
  int status = 0;
  std::string code;
  std::string detail;
  std::chrono::seconds retry_after{0};
};

class Portal {
 public:
  // As given on the command line; what is empty comes from the kept sign-in. A token is sent to the broker that gave
  // it, never to another, and so is the device's certificate shown.
  struct Given {
    std::string broker, ca_file, device_certificate, device_key;
    friend bool operator==(const Given&, const Given&) = default;
  };
  [[nodiscard]] static Result<Portal> open(const Given& given);

  // The answer's body, null for none. What the broker refuses becomes an error with its sentence; `refusal`, when
  // given, tells more. `key`: the same one means the same request, whose answer got lost perhaps.
  [[nodiscard]] Result<Json> call(const std::string& method, const std::string& path, const Json& body = nullptr,
                                  Refusal* refusal = nullptr, const std::string& key = "");
  // A body that is no JSON, as it came.
  [[nodiscard]] Result<std::string> download(const std::string& path, Refusal* refusal = nullptr);
  [[nodiscard]] const KeptSignIn& sign_in() const noexcept { return sign_in_; }
  void set_token(std::string token) { sign_in_.token = std::move(token); }

 private:
  [[nodiscard]] Result<broker::Response> exchange(const std::string& method, const std::string& path, const Json& body,
                                                  Refusal* refusal, const std::string& key);
  Portal(KeptSignIn sign_in, broker::HttpsTarget target);
  KeptSignIn sign_in_;
  std::unique_ptr<broker::HttpsClient> client_;
};

}  // namespace tobari::cli
