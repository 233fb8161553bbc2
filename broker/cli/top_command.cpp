// SPDX-License-Identifier: GPL-3.0-or-later
// tobari top
#include <chrono>
#include <map>
#include <memory>
#include <print>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "commands.h"
#include "live_terminal.h"
#include "top_view.h"

namespace tobari::cli {
namespace {

constexpr int kUnauthorized = 401, kForbidden = 403;

struct TopOptions {
  bool once = false;
  double every = 2;  // seconds
  TopOrder order = TopOrder::kPixels;
};

const std::map<std::string, TopOrder> kOrders{
    {"pixels", TopOrder::kPixels}, {"bytes", TopOrder::kBytes}, {"input", TopOrder::kInput}, {"user", TopOrder::kUser}};

Result<void> show_once(Portal& portal, const TopOptions& options, bool as_json) {
  TOBARI_ASSIGN(const Json load, portal.call("GET", "/load"));
  if (as_json) {
    std::println("{}", load.dump(2));
  } else {
    std::print("{}", top_view(load, {.order = options.order}));
  }
  return {};
}

// False: it is to end.
bool obey(char key, TopOptions& options) {
  switch (key) {
    case 'q':
      return false;
    case 'p':
      options.order = TopOrder::kPixels;
      return true;
    case 'b':
      options.order = TopOrder::kBytes;
      return true;
    case 'i':
      options.order = TopOrder::kInput;
      return true;
    case 'u':
      options.order = TopOrder::kUser;
      return true;
    default:
      return true;
  }
}

Result<void> show_live(Portal& portal, TopOptions options) {
  LiveTerminal::hold_signals();
  TOBARI_ASSIGN(Json load, portal.call("GET", "/load"));
  TOBARI_ASSIGN(const LiveTerminal terminal, LiveTerminal::open());
  const auto every =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(options.every));
  auto next = std::chrono::steady_clock::now() + every;
  std::string note = "p, b, i, u: sessions by pixels, bytes, input, user; q: end";
  for (;;) {
    terminal.draw(top_view(load, {.order = options.order, .note = note, .size = LiveTerminal::size()}));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
    const auto happened = terminal.wait(std::max(left, std::chrono::milliseconds(0)));
    if (happened.event == LiveTerminal::Event::kEnd) return {};
    if (happened.event == LiveTerminal::Event::kKey && !obey(happened.key, options)) return {};
    if (std::chrono::steady_clock::now() < next) continue;
    next = std::chrono::steady_clock::now() + every;
    Refusal refusal;
    auto newer = portal.call("GET", "/load", nullptr, &refusal);
    if (newer.has_value()) {
      load = *std::move(newer);
      note.clear();
    } else if (refusal.status == kUnauthorized || refusal.status == kForbidden) {
      return std::unexpected(newer.error());
    } else {
      note = "not the newest: " + newer.error().message;
    }
  }
}

}  // namespace

void add_top_command(CLI::App& app, Context& context) {
  CLI::App* top =
      app.add_subcommand("top", "hosts, pools and sessions, and how much they do: live, for administrators");
  auto options = std::make_shared<TopOptions>();
  top->add_flag("--once", options->once, "print one look and end; so does --json, and whatever is no terminal");
  top->add_option("--every", options->every, "seconds between two looks, default 2")->check(CLI::Range(0.5, 3600.0));
  top->add_option("--sort", options->order, "sessions by pixels (default), bytes, input or user")
      ->transform(CLI::CheckedTransformer(kOrders, CLI::ignore_case));
  top->callback([options, &context] {
    context.run = [options, &context]() -> Result<void> {
      TOBARI_ASSIGN(Portal portal, context.open());
      const bool live = !options->once && !context.json && LiveTerminal::possible();
      return live ? show_live(portal, *options) : show_once(portal, *options, context.json);
    };
  });
}

}  // namespace tobari::cli
