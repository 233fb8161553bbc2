// SPDX-License-Identifier: GPL-3.0-or-later
// tobari recording list, info, verify, keygen
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <format>
#include <fstream>
#include <print>
#include <unistd.h>
#include <vector>

#include <sys/stat.h>

#include <tobari/base/random.h>
#include <tobari/base/unique_fd.h>

#include "playback/commands.h"
#include "playback/locked.h"
#include "playback/times.h"

namespace tobari::display::playback {
namespace {

using recording::Recording;

int complain(const Error& error) {
  std::println(stderr, "tobari recording: {}", error.message);
  return kNo;
}

std::string kilobytes(std::uint64_t bytes) { return std::format("{} KiB", (bytes + 1023) / 1024); }

// What is in the first chunk.
Result<recording::About> about_of(const Recording& recording) {
  TOBARI_ASSIGN(const auto chunk, recording.read(Recording::first()));
  recording::Events events(chunk.events);
  TOBARI_ASSIGN(const auto event, events.next());
  if (!event || event->type != recording::EventType::kAbout) return recording::About{};
  return recording::parse_about(event->data);
}

Result<std::string> reason_of(const Recording& recording) {
  TOBARI_ASSIGN(const auto end, recording.end_us());
  if (!end) return std::string("it has no end");
  for (std::uint64_t offset = Recording::first();;) {
    TOBARI_ASSIGN(const auto chunk, recording.read(offset));
    offset = chunk.next;
    if ((chunk.head.flags & recording::kEnd) == 0) continue;
    recording::Events events(chunk.events);
    TOBARI_ASSIGN(const auto event, events.next());
    if (!event || event->type != recording::EventType::kReason) return std::string();
    return std::string(reinterpret_cast<const char*>(event->data.data()), event->data.size());
  }
}

void say(const char* what, const std::string& value) {
  std::string plain = value.substr(0, value.find_last_not_of('\n') + 1);
  std::ranges::replace_if(plain, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; }, '?');
  std::println("{:<16}{}", what, plain);
}

Result<void> write_key(const std::filesystem::path& file, const std::string& text, mode_t mode) {
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) return fail_errno(errno, "make " + file.string());
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(fd.get()) != 0) {
    return fail_errno(errno, "write " + file.string());
  }
  return {};
}

Result<void> info(const InfoOptions& options) {
  TOBARI_ASSIGN(const Recording recording, open_recording(options.file, options.key));
  say("session", recording.header().session);
  say("begun", wall_text(recording.header().begun_ms));
  say("size", kilobytes(recording.size()));
  say("readable with", recording::to_text(recording::PublicKey{recording.header().public_key}));
  TOBARI_ASSIGN(const auto end, recording.end_us());
  say("length", end ? to_text(*end) : "not known: it has no end");
  if (options.key.empty()) return {};
  TOBARI_ASSIGN(const auto about, about_of(recording));
  for (const auto& [key, value] : about) say(key.c_str(), value);
  TOBARI_ASSIGN(const auto points, recording.points());
  const auto starts =
      std::ranges::count_if(points, [](const auto& point) { return (point.flags & recording::kStart) != 0; });
  say("starts", std::to_string(starts));
  TOBARI_ASSIGN(const std::string reason, reason_of(recording));
  say("ended because", reason);
  return {};
}

}  // namespace

Result<Recording> open_recording(const std::filesystem::path& file, const std::filesystem::path& key) {
  TOBARI_ASSIGN(Recording recording, Recording::open(file));
  if (key.empty()) return recording;
  std::ifstream in(key);
  std::string text;
  std::getline(in, text);
  if (!in && text.empty()) return fail(Errc::kNotFound, "read the key from " + key.string());
  auto secret = recording::parse_secret_key(text);
  if (!secret) return context(std::move(secret).error(), key.string());
  TOBARI_TRY(recording.unlock(*secret));
  return recording;
}

int list_recordings(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename().string().contains(recording::kFileSuffix)) files.push_back(at->path());
  }
  if (error) return complain(fail(Errc::kIo, std::format("{}: {}", folder.string(), error.message())).error());
  std::ranges::sort(files);
  std::println("{:<24}  {:<12}  {:>12}  {}", "BEGUN", "LENGTH", "SIZE", "FILE");
  for (const auto& file : files) {
    const auto recording = Recording::open(file);
    if (!recording) {
      std::println("{:<24}  {:<12}  {:>12}  {}", "damaged", "-", "-", file.filename().string());
      continue;
    }
    const auto end = recording->end_us();
    const bool ended = end && end->has_value();
    std::println("{:<24}  {:<12}  {:>12}  {}", wall_text(recording->header().begun_ms),
                 ended ? to_text(**end) : "no end", kilobytes(recording->size()), file.filename().string());
  }
  return kGood;
}

int show_info(const InfoOptions& options) {
  const auto shown = info(options);
  return shown ? kGood : complain(shown.error());
}

int verify_recording(const VerifyOptions& options) {
  const auto recording = open_recording(options.file, options.key);
  if (!recording) return complain(recording.error());
  const auto verified = recording->verify();
  if (!verified) return complain(verified.error());
  const std::string hash = to_hex(verified->hash);
  std::println("{} chunks, {}, {}; blake2b {}", verified->chunks, to_text(verified->duration_us),
               verified->ended ? "whole to its end" : "without an end", hash);
  if (!options.hash.empty() && options.hash != hash) {
    return complain(fail(Errc::kPeerProtocol, "this is not what the audit says").error());
  }
  if (!options.hash.empty() && verified->whole == recording->size())
    return kGood;  // cut or not, it is what was written
  if (!verified->ended) {
    return complain(fail(Errc::kPeerProtocol,
                         "the end is missing: it was cut off, or whoever wrote it has died; the "
                         "audit has the hash of what was written (--hash)")
                        .error());
  }
  if (options.hash.empty() && options.key.empty()) {
    std::println("the last chunk is not checked: give --hash, from the audit, or --key");
  }
  return kGood;
}

int make_keys(const std::filesystem::path& name) {
  const recording::KeyPair pair = recording::make_key_pair();
  const std::filesystem::path secret = name.string() + ".key";
  const std::filesystem::path open = name.string() + ".pub";
  auto written = write_key(secret, recording::to_text(pair.secret), S_IRUSR | S_IWUSR);
  if (written) written = write_key(open, recording::to_text(pair.public_key), S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
  if (!written) return complain(written.error());
  std::println("{}: opens recordings; keep it where only auditors are\n{}: for the broker's 'recording_key'",
               secret.string(), open.string());
  return kGood;
}

}  // namespace tobari::display::playback
