// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/init.h"

#include <array>
#include <cerrno>
#include <format>
#include <utility>

#include <arpa/inet.h>
#include <sys/stat.h>

#include <tobari/recording/keys.h>

#include "auth/password.h"
#include "core/names.h"
#include "daemon/files.h"
#include "store/sql_store.h"

namespace tobari::broker {
namespace {

constexpr mode_t kSecret = S_IRUSR | S_IWUSR;
constexpr mode_t kPublic = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH;

bool is_address(const std::string& name) {
  std::array<std::byte, 16> ignored{};
  return ::inet_pton(AF_INET, name.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), ignored.data()) == 1;
}

Result<net::Identity> read_identity(const Config& config, const std::string& name) {
  net::Identity identity;
  TOBARI_ASSIGN(identity.certificate_pem, read_small_file(config.state_dir / (name + ".crt")));
  TOBARI_ASSIGN(identity.key_pem, read_small_file(config.state_dir / (name + ".key")));
  TOBARI_TRY(net::check_pair(identity));
  return identity;
}

// The key first: a certificate without its key is what must not be left behind.
Result<void> write_identity(const Config& config, const std::string& name, const net::Identity& identity) {
  TOBARI_TRY(write_small_file(config.state_dir / (name + ".key"), identity.key_pem, kSecret));
  return write_small_file(config.state_dir / (name + ".crt"), identity.certificate_pem, kPublic);
}

Result<void> make_keys(const Config& config, const Clock& clock) {
  std::error_code ignored;
  if (!std::filesystem::exists(config.state_dir / "ca.crt", ignored)) {
    TOBARI_ASSIGN(const net::Identity made, net::make_ca("Tobari broker", {clock.wall(), kCaDays}));
    TOBARI_TRY(write_identity(config, "ca", made));
  }
  TOBARI_ASSIGN(const net::Identity ca, read_identity(config, "ca"));
  if (std::filesystem::exists(config.state_dir / "portal.crt", ignored)) return {};
  net::CertificateNames names{
      .common_name = config.public_names.front().substr(0, 64), .uri = "", .dns = {}, .ips = {}};
  for (const std::string& name : config.public_names) (is_address(name) ? names.ips : names.dns).push_back(name);
  TOBARI_ASSIGN(const net::Identity portal, net::issue_with_new_key(ca, names, {clock.wall(), kPortalDays}));
  return write_identity(config, "portal", portal);
}

// The secret half is made here for convenience only: it is to be taken away (docs/RECORDING.md). With one's own public
// key configured nothing is made.
Result<void> make_recording_keys(const Config& config) {
  std::error_code ignored;
  if (!config.recording_key.empty() || std::filesystem::exists(config.recording_public(), ignored)) return {};
  const recording::KeyPair pair = recording::make_key_pair();
  TOBARI_TRY(write_small_file(config.recording_secret(), recording::to_text(pair.secret), kSecret));
  return write_small_file(config.recording_public(), recording::to_text(pair.public_key), kPublic);
}

Result<std::string> read_password(const std::filesystem::path& file) {
  TOBARI_ASSIGN(std::string password, read_small_file(file));
  while (password.ends_with('\n') || password.ends_with('\r')) password.pop_back();
  if (password.size() < kMinPasswordCharacters || password.size() > kMaxPasswordBytes) {
    return fail(Errc::kInvalidArgument, std::format("the password in {} must have {} to {} characters", file.string(),
                                                    kMinPasswordCharacters, kMaxPasswordBytes));
  }
  return password;
}

Result<void> add_administrator(StateStore& store, const std::string& admin, const std::string& password) {
  TOBARI_ASSIGN(std::string hash, hash_password(password));
  const User user{UserId::random(), admin, Role::kAdmin, std::move(hash)};
  return store.act([&user](Writer& writer) -> Result<AuditDraft> {
    TOBARI_TRY(writer.add_user(user));
    return AuditDraft{.actor = "broker",
                      .action = "user.create",
                      .object = user.name,
                      .client_address = "",
                      .outcome = Outcome::kDone,
                      .rule = "",
                      .detail = "the first administrator, by tobari-broker init"};
  });
}

// The database is in use: by this broker, or by others that share it.
Result<void> join_brokers(const Config& config, const Clock& clock) {
  std::error_code ignored;
  if (!config.postgres.has_value() || std::filesystem::exists(config.state_dir / "portal.crt", ignored)) {
    return fail(Errc::kAlreadyExists, std::format("{} has been set up already", config.state_dir.string()));
  }
  if (!std::filesystem::exists(config.state_dir / "ca.key", ignored)) {
    return fail(Errc::kNotFound,
                std::format("other brokers use {}: put their ca.crt, ca.key, audit.key and recording.pub into {} first",
                            config.database().where(), config.state_dir.string()));
  }
  return make_keys(config, clock);
}

}  // namespace

Result<void> init_state(const Config& config, const std::string& admin, const std::filesystem::path& password_file,
                        const Clock& clock) {
  const bool first = !admin.empty();
  if (first && !is_user_name(admin)) {
    return fail(Errc::kInvalidArgument, "--admin must be 1-32 of a-z 0-9 . _ - and begin with a letter or _");
  }
  std::string password;
  if (first) {
    TOBARI_ASSIGN(password, read_password(password_file));
  }
  std::error_code error;
  if (std::filesystem::create_directories(config.state_dir, error)) {
    if (::chmod(config.state_dir.c_str(), S_IRWXU) != 0) return fail_errno(errno, "protect the state directory");
  }
  if (error) return fail(Errc::kIo, std::format("make {}: {}", config.state_dir.string(), error.message()));
  TOBARI_ASSIGN(const auto store, SqlStore::open(config.database(), clock));
  TOBARI_ASSIGN(const auto users, store->get([](const Reader& reader) { return reader.users(); }));
  if (!users.empty()) return join_brokers(config, clock);
  if (!first) return fail(Errc::kInvalidArgument, "there is no user yet: --admin and --password-file are needed");
  TOBARI_TRY(make_keys(config, clock));
  TOBARI_TRY(make_recording_keys(config));
  return add_administrator(*store, admin, password);
}

// Without a key the broker serves, but records nothing. One that is configured must be there.
Result<std::optional<recording::PublicKey>> load_recording_key(const Config& config) {
  const auto text = read_small_file(config.recording_public());
  if (!text && text.error().code == Errc::kNotFound && config.recording_key.empty()) {
    return std::optional<recording::PublicKey>();
  }
  if (!text) return std::unexpected(text.error());
  auto key = recording::parse_public_key(*text);
  if (!key) return context(std::move(key).error(), config.recording_public().string());
  return std::optional(*key);
}

Result<HeadSigner> load_audit_signer(const Config& config, StateStore& store) {
  const auto file = config.state_dir / "audit.key";
  if (const auto secret = read_small_file(file); secret.has_value()) {
    auto signer = HeadSigner::create(*secret);
    if (!signer.has_value()) return context(std::move(signer).error(), file.string());
    return signer;
  } else if (secret.error().code != Errc::kNotFound) {
    return context(secret.error(), file.string());
  }
  const std::string secret = HeadSigner::new_secret();
  TOBARI_ASSIGN(HeadSigner signer, HeadSigner::create(secret));
  TOBARI_TRY(write_small_file(file, secret + "\n", kSecret));
  TOBARI_TRY(store.record({.actor = "broker",
                           .action = "audit.key",
                           .object = signer.public_key(),
                           .client_address = "",
                           .outcome = Outcome::kDone,
                           .rule = "",
                           .detail = "heads of the audit are signed with this key from now on"}));
  return signer;
}

Result<Keys> load_keys(const Config& config) {
  Keys keys;
  for (const auto& [name, identity] : {std::pair("ca", &keys.ca), std::pair("portal", &keys.portal)}) {
    auto read = read_identity(config, name);
    if (!read.has_value()) {
      if (read.error().code == Errc::kNotFound) {
        return fail(Errc::kNotFound,
                    std::format("{} is not set up: run tobari-broker init first", config.state_dir.string()));
      }
      return context(std::move(read).error(), std::format("{}.crt, {}.key", name, name));
    }
    *identity = std::move(*read);
  }
  return keys;
}

}  // namespace tobari::broker
