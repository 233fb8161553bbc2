// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/names.h"
#include "store/query.h"
#include "store/sql_errors.h"
#include "store/sql_tables.h"

namespace tobari::broker {

Result<std::vector<User>> SqlTables::select_users(std::string_view where, const std::string* value) const {
  return sql_guard(sql_, "read users", [this, where, value]() -> Result<std::vector<User>> {
    std::string id;
    std::string role;
    User row;
    Query query(sql_, std::string("SELECT id, name, role, password_hash FROM users ").append(where) + " ORDER BY name");
    query.into(id).into(row.name).into(role).into(row.password_hash);
    if (value != nullptr) query.use(*value);
    std::vector<User> found;
    while (query.next()) {
      TOBARI_ASSIGN(row.id, UserId::parse(id));
      TOBARI_ASSIGN(row.role, parse_role(role));
      found.push_back(row);
    }
    return found;
  });
}

Result<User> SqlTables::user(const UserId& id) const { return only(select_users("WHERE id = :v", &id.str()), "user"); }

Result<User> SqlTables::user_by_name(std::string_view name) const {
  const std::string value(name);
  return only(select_users("WHERE name = :v", &value), "user");
}

Result<std::vector<User>> SqlTables::users() const { return select_users("", nullptr); }

Result<void> SqlTables::add_user(const User& user) {
  return sql_guard(sql_, "add a user", [this, &user]() -> Result<void> {
    const std::string role(to_string(user.role));
    Query(sql_, "INSERT INTO users (id, name, role, password_hash) VALUES (:a, :b, :c, :d)")
        .use(user.id.str())
        .use(user.name)
        .use(role)
        .use(user.password_hash)
        .run();
    return {};
  });
}

Result<void> SqlTables::set_password_hash(const UserId& user, std::string_view hash) {
  return sql_guard(sql_, "set a password", [this, &user, hash]() -> Result<void> {
    const std::string value(hash);
    Query query(sql_, "UPDATE users SET password_hash = :a WHERE id = :b");
    return expect_change(query.use(value).use(user.str()).run(), "user");
  });
}

Result<void> SqlTables::remove_user(const UserId& user) {
  return sql_guard(sql_, "remove a user", [this, &user]() -> Result<void> {
    Query query(sql_, "DELETE FROM users WHERE id = :a");  // tokens and stored replies go with it
    return expect_change(query.use(user.str()).run(), "user");
  });
}

Result<Token> SqlTables::token(std::string_view sha256) const {
  return sql_guard(sql_, "read a token", [this, sha256]() -> Result<Token> {
    Token row{.sha256 = std::string(sha256), .user = {}, .expires_at = {}};
    std::string user;
    long long expires_at = 0;
    Query query(sql_, "SELECT user_id, expires_at FROM tokens WHERE sha256 = :a");
    query.into(user).into(expires_at).use(row.sha256);
    if (!query.next()) return fail(Errc::kNotFound, "no such token");
    TOBARI_ASSIGN(row.user, UserId::parse(user));
    row.expires_at = from_milliseconds(expires_at);
    return row;
  });
}

Result<void> SqlTables::add_token(const Token& token) {
  return sql_guard(sql_, "add a token", [this, &token]() -> Result<void> {
    const long long expires_at = to_milliseconds(token.expires_at);
    Query(sql_, "INSERT INTO tokens (sha256, user_id, expires_at) VALUES (:a, :b, :c)")
        .use(token.sha256)
        .use(token.user.str())
        .use(expires_at)
        .run();
    return {};
  });
}

Result<void> SqlTables::remove_token(std::string_view sha256) {
  return sql_guard(sql_, "remove a token", [this, sha256]() -> Result<void> {
    const std::string value(sha256);
    return expect_change(Query(sql_, "DELETE FROM tokens WHERE sha256 = :a").use(value).run(), "token");
  });
}

Result<void> SqlTables::remove_tokens_of(const UserId& user, std::string_view except_sha256) {
  return sql_guard(sql_, "remove tokens", [this, &user, except_sha256]() -> Result<void> {
    const std::string kept(except_sha256);
    Query(sql_, "DELETE FROM tokens WHERE user_id = :a AND sha256 <> :b").use(user.str()).use(kept).run();
    return {};
  });
}

Result<void> SqlTables::remove_expired(Time now) {
  return sql_guard(sql_, "remove what has expired", [this, now]() -> Result<void> {
    const long long limit = to_milliseconds(now);
    const long long day_before = to_milliseconds(now - std::chrono::days(1));
    Query(sql_, "DELETE FROM tokens WHERE expires_at <= :a").use(limit).run();
    Query(sql_, "DELETE FROM join_tokens WHERE expires_at <= :a").use(limit).run();
    Query(sql_, "DELETE FROM replies WHERE created_at <= :a").use(day_before).run();
    return {};
  });
}

Result<StoredReply> SqlTables::reply(const UserId& user, std::string_view key) const {
  return sql_guard(sql_, "read a stored reply", [this, &user, key]() -> Result<StoredReply> {
    StoredReply row;
    row.user = user;
    row.key = key;
    long long created_at = 0;
    Query query(sql_,
                "SELECT request_sha256, status, body, created_at FROM replies WHERE user_id = :a AND reply_key = :b");
    query.into(row.request_sha256).into(row.status).into(row.body).into(created_at);
    query.use(user.str()).use(row.key);
    if (!query.next()) return fail(Errc::kNotFound, "no such stored reply");
    row.created_at = from_milliseconds(created_at);
    return row;
  });
}

Result<void> SqlTables::add_reply(const StoredReply& reply) {
  return sql_guard(sql_, "store a reply", [this, &reply]() -> Result<void> {
    const long long created_at = to_milliseconds(reply.created_at);
    Query(sql_,
          "INSERT INTO replies (user_id, reply_key, request_sha256, status, body, created_at) "
          "VALUES (:a, :b, :c, :d, :e, :f)")
        .use(reply.user.str())
        .use(reply.key)
        .use(reply.request_sha256)
        .use(reply.status)
        .use(reply.body)
        .use(created_at)
        .run();
    return {};
  });
}

}  // namespace tobari::broker
