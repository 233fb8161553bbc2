// SPDX-License-Identifier: GPL-3.0-or-later
// tobari login, logout
#include <cstdlib>
#include <memory>
#include <print>

#include <CLI/CLI.hpp>

#include "commands.h"
#include "output.h"

namespace tobari::cli {
namespace {

struct LoginOptions {
  std::string user;
  std::string password_file;
};

Result<void> login(const Context& context, const LoginOptions& options) {
  TOBARI_ASSIGN(Portal portal, context.open());
  portal.set_token("");
  TOBARI_ASSIGN(const std::string password, read_password(options.password_file, "Password of " + options.user));
  TOBARI_ASSIGN(const Json reply, portal.call("POST", "/login", {{"user", options.user}, {"password", password}}));
  portal.set_token(reply.value("token", ""));
  TOBARI_TRY(keep_sign_in(portal.sign_in()));
  if (context.json) {
    std::println("{}",
                 Json{{"user", reply.value("user", Json())}, {"expires_at", reply.value("expires_at", "")}}.dump(2));
  } else {
    std::println("signed in as {} until {}", options.user, reply.value("expires_at", ""));
  }
  return {};
}

Result<void> logout(const Context& context) {
  auto portal = context.open();
  if (!portal.has_value()) {
    // What was kept cannot be used any more, as when a device's key is gone: it is not to stand in the way for ever.
    if (context.portal == Portal::Given{}) forget_sign_in();
    return std::unexpected<Error>(std::move(portal).error());
  }
  const auto done = portal->call("POST", "/logout");
  forget_sign_in();
  // A token that was void already is as good as signed out.
  if (!done.has_value() && done.error().code != Errc::kUnauthenticated) return std::unexpected<Error>(done.error());
  return {};
}

}  // namespace

void add_account_commands(CLI::App& app, Context& context) {
  auto options = std::make_shared<LoginOptions>();
  CLI::App* in = app.add_subcommand("login", "sign in; the commands after it need nothing more");
  in->add_option("user", options->user, "user name")->required();
  in->add_option("--password-file", options->password_file, "file with the password; '-' reads standard input");
  in->callback([options, &context] { context.run = [options, &context] { return login(context, *options); }; });
  CLI::App* out = app.add_subcommand("logout", "end the sign-in");
  out->callback([&context] { context.run = [&context] { return logout(context); }; });
}

}  // namespace tobari::cli
