// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/database.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <format>
#include <libpq-fe.h>
#include <map>
#include <memory>
#include <ranges>
#include <utility>

namespace tobari::broker {
namespace {

using Parameters = std::map<std::string, std::string>;

// libpq's own message quotes the string, and a password may be in it.
Result<Parameters> parse(const std::string& url) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(url.c_str(), &message),
                                                                             &PQconninfoFree);
  PQfreemem(message);
  if (options == nullptr) {
    return fail(Errc::kInvalidArgument,
                "'database' is no connection string of PostgreSQL: postgresql://user@host/name?parameter=value");
  }
  Parameters given;
  for (const PQconninfoOption* each = options.get(); each->keyword != nullptr; ++each) {
    if (each->val != nullptr) given.emplace(each->keyword, each->val);
  }
  return given;
}

std::string value_or(const Parameters& given, const char* name, const char* otherwise) {
  const auto at = given.find(name);
  return at == given.end() || at->second.empty() ? otherwise : at->second;
}

// A socket's folder, or a name or address of this machine.
bool is_here(std::string_view host) {
  return host.empty() || host.starts_with('/') || host.starts_with('@') || host == "localhost" || host == "::1" ||
         host.starts_with("127.");
}

bool all_here(const Parameters& given) {
  const std::string hosts = value_or(given, "hostaddr", value_or(given, "host", "").c_str());
  return std::ranges::all_of(hosts | std::views::split(','),
                             [](const auto& host) { return is_here(std::string_view(host.begin(), host.end())); });
}

// One word without blanks or quotes, which SOCI's own reading of connection strings leaves as it is.
std::string as_url(const Parameters& parameters) {
  std::string text = "postgresql://";
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    text += std::exchange(separator, '&') + name + '=';
    for (const char c : value) {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
        text += c;
      } else {
        text += std::format("%{:02X}", static_cast<unsigned char>(c));
      }
    }
  }
  return text;
}

std::string shown(const Parameters& given) {
  const std::string host = value_or(given, "host", value_or(given, "hostaddr", "(local)").c_str());
  return std::format("postgresql://{}@{}:{}/{}", value_or(given, "user", "(this user)"), host,
                     value_or(given, "port", "5432"), value_or(given, "dbname", "(the user's)"));
}

// A server that is gone is noticed within seconds, by the kernel or by libpq; both ways of noticing are needed, because
// one counts while something was sent and the other while nothing is.
constexpr std::array<std::pair<const char*, const char*>, 8> kOurs{{{"connect_timeout", "2"},
                                                                    {"tcp_user_timeout", "5000"},
                                                                    {"keepalives", "1"},
                                                                    {"keepalives_idle", "3"},
                                                                    {"keepalives_interval", "1"},
                                                                    {"keepalives_count", "3"},
                                                                    {"client_encoding", "UTF8"},
                                                                    {"application_name", "tobari-broker"}}};

}  // namespace

Database Database::sqlite(std::filesystem::path file) {
  Database made;
  made.where_ = file.string();
  made.address_ = std::format("db=\"{}\" timeout=5", file.string());
  made.file_ = std::move(file);
  return made;
}

Result<void> Database::expect_there() const {
  std::error_code error;
  if (engine_ != Engine::kSqlite || std::filesystem::exists(file_, error)) return {};
  return fail(Errc::kNotFound, std::format("{} is not there: run tobari-broker init first", where_));
}

Result<Database> Database::postgres(std::string_view url) {
  if (!url.starts_with("postgresql://") && !url.starts_with("postgres://")) {
    return fail(Errc::kInvalidArgument, "'database' must begin with postgresql://");
  }
  TOBARI_ASSIGN(Parameters parameters, parse(std::string(url)));
  Database made;
  made.engine_ = Engine::kPostgres;
  made.where_ = shown(parameters);
  if (!all_here(parameters)) parameters.emplace("sslmode", "verify-full");
  for (const auto& [name, value] : kOurs) parameters.emplace(name, value);
  // Never a standby: what it shows may be older than what was acknowledged.
  parameters.insert_or_assign("target_session_attrs", "read-write");
  made.address_ = as_url(parameters);
  return made;
}

}  // namespace tobari::broker
