// SPDX-License-Identifier: GPL-3.0-or-later
#include "recording/recording_store.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <format>
#include <unistd.h>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <tobari/base/log.h>
#include <tobari/base/random.h>
#include <tobari/recording/recording.h>

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPart = ".part";
constexpr std::string_view kHold = ".hold";       // beside a recording: it is not deleted
constexpr std::string_view kGoing = ".deleting";  // its deletion may not be in the audit yet
constexpr std::size_t kReadAtOnce = std::size_t{1} << 20;

// The session in "SESSION.tbrec"; empty: that is no recording of ours.
std::string session_of(const std::string& name) {
  const std::string_view suffix = recording::kFileSuffix;
  if (!name.ends_with(suffix)) return {};
  std::string session = name.substr(0, name.size() - suffix.size());
  return is_uuid(session) ? session : std::string();
}

std::string without(const std::string& name, std::string_view ending) {
  return name.substr(0, name.size() - ending.size());
}

// "SESSION.tbrec" of "SESSION.tbrec.part".
std::string without_part(const std::string& name) { return name.ends_with(kPart) ? without(name, kPart) : name; }

// As far as whole pieces go.
Result<recording::Chain> read_chain(int fd) {
  recording::Chain chain;
  recording::Bytes buffer;
  for (bool more = true; more && !chain.ended();) {
    const std::size_t before = buffer.size();
    buffer.resize(before + kReadAtOnce);
    const ssize_t got = ::read(fd, buffer.data() + before, kReadAtOnce);
    if (got < 0 && errno != EINTR) return fail_errno(errno, "read the recording");
    buffer.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    more = got != 0;
    std::size_t at = 0;
    while (!chain.ended()) {
      const recording::View rest = recording::View(buffer).subspan(at);
      TOBARI_ASSIGN(const std::size_t size, chain.next_size(rest));
      if (size == 0 || size > rest.size()) break;
      TOBARI_TRY(chain.take(rest.first(size)));
      at += size;
    }
    buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return chain;
}

Result<void> sync_folder(const fs::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return fail_errno(errno, "write " + folder.string());
  return {};
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

std::string describe_recording(const std::string& name, std::uint64_t bytes, const recording::Hash& hash) {
  return std::format("file {}, {} bytes, blake2b {}", name, bytes, to_hex(hash));
}

// ---- one file

RecordingFile::RecordingFile(RecordingStore& store, std::string session, UniqueFd fd, std::uint64_t bytes)
    : store_(&store), name_(std::move(session) + recording::kFileSuffix), fd_(std::move(fd)), bytes_(bytes) {}

Result<void> RecordingFile::append(recording::View piece) {
  TOBARI_TRY(store_->reserve(piece.size()));
  recording::View left = piece;
  while (!left.empty()) {
    const ssize_t written = ::write(fd_.get(), left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      auto failure = fail_errno(errno, "write the recording");
      // So that what is there ends with a whole piece.
      if (::ftruncate(fd_.get(), static_cast<off_t>(bytes_)) != 0 || ::fdatasync(fd_.get()) != 0) {
        log::error("a recording does not end with a whole piece", {{"file", name_}});
      }
      return failure;
    }
    left = left.subspan(static_cast<std::size_t>(written));
  }
  if (::fdatasync(fd_.get()) != 0) return fail_errno(errno, "write the recording");
  bytes_ += piece.size();
  store_->grown(piece.size());
  return {};
}

Result<void> RecordingFile::close() {
  const fs::path path = store_->options_.folder / name_;
  if (::rename((path.string() + std::string(kPart)).c_str(), path.c_str()) != 0) {
    return fail_errno(errno, "close the recording " + name_);
  }
  fd_.reset();
  store_->finished(name_, bytes_);
  return sync_folder(store_->options_.folder);
}

// ---- all of them

RecordingStore::RecordingStore(Options options, const Clock& clock, TellAudit tell)
    : options_(std::move(options)), clock_(clock), tell_(std::move(tell)) {}

Result<std::unique_ptr<RecordingStore>> RecordingStore::open(Options options, const Clock& clock, TellAudit tell) {
  std::error_code error;
  fs::create_directories(options.folder, error);
  if (error) return fail(Errc::kIo, std::format("make {}: {}", options.folder.string(), error.message()));
  if (::chmod(options.folder.c_str(), S_IRWXU) != 0) return fail_errno(errno, "protect " + options.folder.string());
  auto store = std::make_unique<RecordingStore>(std::move(options), clock, std::move(tell));
  TOBARI_TRY(store->take_stock());
  store->tidy();
  return store;
}

Result<void> RecordingStore::take_stock() {
  for (const std::string& name : names_in(options_.folder)) {
    const bool goes_on = options_.interrupted.contains(session_of(without_part(name)));
    if (name.ends_with(kPart) && !goes_on) close_left_over(options_.folder / name);
  }
  for (const std::string& name : names_in(options_.folder)) {
    const fs::path path = options_.folder / name;
    if (name.ends_with(kGoing)) {
      unlink_later(path, without(name, kGoing), "begun before");
      continue;
    }
    struct stat info{};
    if (session_of(name).empty() || ::stat(path.c_str(), &info) != 0) continue;
    const auto bytes = static_cast<std::uint64_t>(info.st_size);
    kept_[name] = {bytes, std::chrono::system_clock::from_time_t(info.st_mtime)};
    bytes_ += bytes;
  }
  return {};
}

// The host died while it was written. What is whole is kept; the audit gets its hash now.
void RecordingStore::close_left_over(const fs::path& part) {
  const std::string name = without(part.filename().string(), kPart);
  const std::string session = session_of(name);
  if (session.empty()) return;
  const auto recording = recording::Recording::open(part);
  const auto whole = recording ? recording->verify() : std::unexpected(recording.error());
  if (!whole || whole->chunks == 0) {
    log::warning("an empty recording is removed", {{"file", name}});
    ::unlink(part.c_str());
    return;
  }
  if (::truncate(part.c_str(), static_cast<off_t>(whole->whole)) != 0 ||
      ::rename(part.c_str(), (options_.folder / name).c_str()) != 0) {
    return log::error("a recording cannot be closed", {{"file", name}});
  }
  static_cast<void>(sync_folder(options_.folder));
  const std::string what = describe_recording(name, whole->whole, whole->hash);
  const auto kind = whole->ended ? RecordingReport::Kind::kEnded : RecordingReport::Kind::kFailed;
  tell_({kind, session, whole->ended ? what : "the host ended before it; " + what}, [] {});
}

Result<void> RecordingStore::ready() {
  struct statvfs disk{};
  if (::statvfs(options_.folder.c_str(), &disk) != 0) return fail_errno(errno, "look at " + options_.folder.string());
  if (std::uint64_t{disk.f_bavail} * disk.f_frsize < options_.least_free) {
    return fail(Errc::kExhausted, "the disk for recordings is full");
  }
  return reserve(0);
}

Result<RecordingFile> RecordingStore::begin(const std::string& session) {
  const fs::path path = options_.folder / (session + recording::kFileSuffix);
  std::error_code error;
  if (fs::exists(path, error)) return fail(Errc::kAlreadyExists, "the session has been recorded before");
  UniqueFd fd(::open((path.string() + std::string(kPart)).c_str(),
                     O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  if (!fd) return fail_errno(errno, "make the recording");
  TOBARI_TRY(sync_folder(options_.folder));
  return RecordingFile(*this, session, std::move(fd));
}

Result<InterruptedRecording> RecordingStore::resume(const std::string& session) {
  const fs::path part = options_.folder / (session + recording::kFileSuffix + std::string(kPart));
  UniqueFd fd(::open(part.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return fail(Errc::kNotFound, "nothing of it was written");
  if (!fd) return fail_errno(errno, "open " + part.string());
  TOBARI_ASSIGN(recording::Chain chain, read_chain(fd.get()));
  if (::ftruncate(fd.get(), static_cast<off_t>(chain.bytes())) != 0 || ::fdatasync(fd.get()) != 0) {
    return fail_errno(errno, "cut " + part.string());
  }
  grown(chain.bytes());
  const std::uint64_t bytes = chain.bytes();
  return InterruptedRecording{RecordingFile(*this, session, std::move(fd), bytes), std::move(chain)};
}

void RecordingStore::close_interrupted(const std::string& session) {
  const fs::path part = options_.folder / (session + recording::kFileSuffix + std::string(kPart));
  std::error_code error;
  if (fs::exists(part, error)) close_left_over(part);
}

bool RecordingStore::may_go(const std::string& name, const Kept& kept) const {
  std::error_code error;
  return clock_.wall() - kept.ended >= options_.never_before &&
         !fs::exists(options_.folder / (name + std::string(kHold)), error);
}

Result<void> RecordingStore::reserve(std::uint64_t bytes) {
  if (options_.max_bytes == 0) return {};
  const std::scoped_lock lock(mutex_);
  if (bytes_ + bytes <= options_.max_bytes) return {};
  std::vector<std::pair<Clock::Wall, std::string>> by_age;
  for (const auto& [name, kept] : kept_) by_age.emplace_back(kept.ended, name);
  std::ranges::sort(by_age);
  for (const auto& [ended, name] : by_age) {
    if (!may_go(name, kept_[name])) continue;
    remove(name, "for lack of space");
    if (bytes_ + bytes <= options_.max_bytes) return {};
  }
  return fail(Errc::kExhausted, "recordings have reached the size that they may have");
}

void RecordingStore::tidy() {
  if (options_.keep_for.count() == 0) return;
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> old;
  for (const auto& [name, kept] : kept_) {
    if (clock_.wall() - kept.ended >= options_.keep_for && may_go(name, kept)) old.push_back(name);
  }
  for (const std::string& name : old) remove(name, std::format("older than {}", options_.keep_for));
}

// First out of the way, then into the audit, then gone: a deletion that nobody knows of cannot be.
void RecordingStore::remove(const std::string& name, const std::string& why) {
  const auto found = kept_.find(name);
  if (found == kept_.end()) return;
  bytes_ -= found->second.bytes;
  kept_.erase(found);
  const fs::path path = options_.folder / name;
  const fs::path going = path.string() + std::string(kGoing);
  if (::rename(path.c_str(), going.c_str()) != 0) {
    return log::error("a recording cannot be deleted", {{"file", name}});
  }
  unlink_later(going, name, why);
}

void RecordingStore::unlink_later(const fs::path& going, const std::string& name, const std::string& why) {
  tell_({RecordingReport::Kind::kDeleted, session_of(name), std::format("file {}, {}", name, why)},
        [going] { ::unlink(going.c_str()); });
}

void RecordingStore::grown(std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  bytes_ += bytes;
}

void RecordingStore::finished(const std::string& name, std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  kept_[name] = {bytes, clock_.wall()};
}

std::uint64_t RecordingStore::bytes() {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

}  // namespace tobari::vmhost
