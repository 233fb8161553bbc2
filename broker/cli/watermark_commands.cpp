// SPDX-License-Identifier: GPL-3.0-or-later
#include "watermark_commands.h"

#include <cstdio>
#include <format>
#include <memory>
#include <print>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <tobari/watermark/mark_number.h>
#include <tobari/watermark/mark_reader.h>

#include "picture_file.h"

namespace tobari::cli {
namespace {
constexpr int kRead = 0;
constexpr int kNone = 1;
constexpr int kUnusable = 2;
}  // namespace

int read_watermark(const std::string& file, bool json) {
  const auto picture = load_picture(file);
  if (!picture) {
    std::println(stderr, "tobari: {}", picture.error().message);
    return kUnusable;
  }
  const auto reading = watermark::read_mark(*picture);
  if (!reading) {
    if (json) {
      std::println("{}", nlohmann::json{{"session", nullptr}}.dump(2));
    } else {
      std::println("{}: no mark was found", file);
    }
    return kNone;
  }
  const std::string session = watermark::session_prefix(reading->number);
  if (json) {
    const nlohmann::json answer{{"session", session},
                                {"number", std::format("{:016x}", reading->number)},
                                {"scale", reading->scale},
                                {"certainty", reading->certainty}};
    std::println("{}", answer.dump(2));
  } else {
    std::println("session {}, shown at {:.2f} of its size", session, reading->scale);
    std::println("the session's id begins with these digits: tobari audit list | grep {}", session);
  }
  return kRead;
}

void add_watermark_commands(CLI::App& app, const bool& json, int& exit_code) {
  CLI::App* group = app.add_subcommand("watermark", "marks in pictures of a desktop: read");
  group->require_subcommand(1);
  CLI::App* command = group->add_subcommand("read", "say which session a picture is of");
  const auto file = std::make_shared<std::string>();
  command->add_option("PICTURE", *file, "PNG, JPEG, PPM or PGM")->required();
  command->footer(
      "It may be scaled (half to twice its size), cut out, stored as JPEG or photographed. Takes some seconds.");
  command->callback([file, &json, &exit_code] { exit_code = read_watermark(*file, json); });
}

}  // namespace tobari::cli
