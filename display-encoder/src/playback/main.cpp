// SPDX-License-Identifier: GPL-3.0-or-later
// tobari-recording, also as `tobari recording`: for those who may watch recordings. Needs no broker and no host.
#include <CLI/CLI.hpp>

#include "playback/commands.h"

using namespace tobari::display::playback;

int main(int argc, char** argv) {
  CLI::App app("tobari recording: what was shown in sessions that were recorded");
  app.set_version_flag("--version", "tobari-recording " TOBARI_VERSION);
  app.require_subcommand(1);
  int status = kGood;

  std::filesystem::path folder = ".";
  CLI::App* list = app.add_subcommand("list", "the recordings in a folder");
  list->add_option("FOLDER", folder, "a host's 'recordings_dir'; default: this one");
  list->callback([&] { status = list_recordings(folder); });

  InfoOptions info;
  CLI::App* show = app.add_subcommand("info", "what one says of itself; with the key also whose it is");
  show->add_option("FILE", info.file)->required();
  show->add_option("--key", info.key, "the auditor's secret key");
  show->callback([&] { status = show_info(info); });

  VerifyOptions verify;
  CLI::App* check = app.add_subcommand("verify", "whether it is whole and nobody has changed it");
  check->add_option("FILE", verify.file)->required();
  check->add_option("--hash", verify.hash, "as the audit has it: recording.ended, or recording.failed");
  check->add_option("--key", verify.key, "the auditor's secret key");
  check->callback([&] { status = verify_recording(verify); });

  ExportOptions film;
  CLI::App* make = app.add_subcommand("export", "a film (.mkv, .mp4), or the picture at one time (.png)");
  make->add_option("FILE", film.file)->required();
  make->add_option("--key", film.key, "the auditor's secret key")->required();
  make->add_option("-o,--out", film.out, "the film, or the picture")->required();
  make->add_option("--from", film.from, "HH:MM:SS.mmm from the beginning");
  make->add_option("--to", film.to, "likewise; default: the end");
  make->add_option("--fps", film.per_second, "at most so many pictures a second (25)")->check(CLI::Range(1, 60));
  make->add_flag("--lossless", film.lossless, "every pixel as it was shown; not every player takes it");
  make->add_flag("--no-pointer{false}", film.pointer, "without the mouse pointer");
  make->callback([&] { status = export_recording(film); });

  std::filesystem::path name;
  CLI::App* keys = app.add_subcommand("keygen", "a key pair: NAME.key for the auditor, NAME.pub for the broker");
  keys->add_option("NAME", name)->required();
  keys->callback([&] { status = make_keys(name); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kGood : kBadArguments;
  }
  return status;
}
