// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/template_store.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <format>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <tobari/base/log.h>
#include <tobari/base/unique_fd.h>

#include "host/disk_store.h"
#include "host/files.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kDescription = "template.json";
constexpr const char* kDisk = "disk.qcow2";
constexpr std::array<const char*, 3> kFiles{"ram", "state", kDisk};
constexpr std::size_t kMaxDescription = std::size_t{64} * 1024;
constexpr mode_t kSealed = 0440;

TemplateDraft draft_in(const fs::path& folder, const DesktopId& generation) {
  return {generation, folder / kDisk, {folder / "ram", folder / "state"}};
}

Result<UniqueFd> make_file(const fs::path& path) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return fail_errno(errno, "make " + path.string());
  return file;
}

// The time of the last change of content, owner or mode cannot be set back by whoever changes something.
Result<std::string> mark_of(const fs::path& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return fail_errno(errno, "look at " + file.string());
  return std::format("{} {}.{} {}.{} {}", info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_ctim.tv_sec,
                     info.st_ctim.tv_nsec, info.st_ino);
}

Result<void> seal_file(const fs::path& path, const std::optional<VmUser>& reader) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno(errno, "open " + path.string());
  if (reader && ::fchown(file.get(), ::geteuid(), reader->gid) != 0) return fail_errno(errno, "take " + path.string());
  if (::fchmod(file.get(), kSealed) != 0) return fail_errno(errno, "close " + path.string());
  if (::fsync(file.get()) != 0) return fail_errno(errno, "write " + path.string());
  return {};
}

Result<std::map<std::string, std::string>> texts_of(const Json& root, const char* key) {
  std::map<std::string, std::string> found;
  const Json table = root.value(key, Json::object());
  for (const char* file : kFiles) {
    const auto text = table.find(file);
    if (text == table.end() || !text->is_string()) return fail(Errc::kInvalidArgument, "it is not described whole");
    found[file] = text->get<std::string>();
  }
  return found;
}

}  // namespace

bool TemplateStore::holds(const fs::path& disk) const {
  return disk.filename() == kDisk && disk.parent_path().parent_path() == dir_;
}

// ---- making

Result<TemplateDraft> TemplateStore::begin(const fs::path& base, std::uint32_t memory_mib) {
  const DesktopId generation = DesktopId::random();
  const fs::path folder = folder_of(generation);
  // Set afterwards: a service's umask leaves nothing to others, and VMs have to find their files.
  if (::mkdir(folder.c_str(), 0700) != 0 || ::chmod(folder.c_str(), 0711) != 0) {
    return fail_errno(errno, "make " + folder.string());
  }
  TemplateDraft draft = draft_in(folder, generation);
  auto filled = fill(draft, base, std::uint64_t{memory_mib} << 20U);
  if (filled) return draft;
  if (const auto removed = remove(generation); !removed)
    log::warning("half a template stays", {{"reason", removed.error().message}});
  return std::unexpected(std::move(filled).error());
}

Result<void> TemplateStore::fill(const TemplateDraft& draft, const fs::path& base, std::uint64_t memory_bytes) const {
  {
    TOBARI_ASSIGN(const UniqueFd ram, make_file(draft.files.ram));
    const int error = ::posix_fallocate(ram.get(), 0, static_cast<off_t>(memory_bytes));
    if (error == ENOSPC || error == EDQUOT) {
      return fail(Errc::kExhausted,
                  std::format("no room for a template's memory: {} MiB in {}", memory_bytes >> 20U, dir_.string()));
    }
    if (error != 0) return fail_errno(error, "make room in " + draft.files.ram);
  }
  TOBARI_ASSIGN(const UniqueFd state, make_file(draft.files.state));
  TOBARI_TRY(make_overlay(draft.disk, base));
  if (!owner_) return {};
  for (const fs::path& file : {fs::path(draft.files.ram), fs::path(draft.files.state), draft.disk}) {
    if (::chown(file.c_str(), owner_->uid, owner_->gid) != 0) return fail_errno(errno, "give away " + file.string());
  }
  return {};
}

Result<FrozenTemplate> TemplateStore::seal(const TemplateDraft& draft, const TemplateProfile& profile,
                                           const std::string& fingerprint) {
  FrozenTemplate frozen{draft.generation, profile, fingerprint, draft.disk, draft.files, {}};
  std::map<std::string, std::string> digests;
  for (const char* name : kFiles) {
    const fs::path file = folder_of(draft.generation) / name;
    TOBARI_TRY(seal_file(file, owner_));
    TOBARI_ASSIGN(frozen.marks[name], mark_of(file));
    TOBARI_ASSIGN(digests[name], sha256_hex_of_file(file));
  }
  TOBARI_TRY(save(frozen, digests));
  return frozen;
}

Result<void> TemplateStore::save(const FrozenTemplate& frozen,
                                 const std::map<std::string, std::string>& digests) const {
  const Json root{{"image", frozen.profile.image},
                  {"vcpus", frozen.profile.vcpus},
                  {"memory_mib", frozen.profile.memory_mib},
                  {"heads", frozen.profile.heads},
                  {"fingerprint", frozen.fingerprint},
                  {"marks", frozen.marks},
                  {"sha256", digests}};
  return write_file_durably(folder_of(frozen.generation) / kDescription,
                            root.dump(2, ' ', false, Json::error_handler_t::replace));
}

// ---- finding again

Result<std::vector<FrozenTemplate>> TemplateStore::load(const std::set<fs::path>& in_use) {
  std::vector<FrozenTemplate> whole;
  std::vector<DesktopId> other;
  std::error_code error;
  for (fs::directory_iterator at(dir_, error), end; !error && at != end; at.increment(error)) {
    const auto generation = DesktopId::parse(at->path().filename().string());
    if (!generation) continue;
    auto frozen = load_one(*generation);
    if (frozen) {
      whole.push_back(*std::move(frozen));
      continue;
    }
    log::warning("template is not used", {{"template", generation->str()}, {"reason", frozen.error().message}});
    if (!in_use.contains(folder_of(*generation) / kDisk)) other.push_back(*generation);
  }
  if (error) return fail(Errc::kIo, std::format("read {}: {}", dir_.string(), error.message()));
  for (const DesktopId& generation : other) TOBARI_TRY(remove(generation));
  return whole;
}

Result<FrozenTemplate> TemplateStore::load_one(const DesktopId& generation) const {
  const auto text = read_small_file(folder_of(generation) / kDescription, kMaxDescription);
  if (!text) return fail(Errc::kNotFound, "it was never finished");
  const Json root = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  const auto text_at = [&root](const char* key) {
    const auto found = root.find(key);
    return found != root.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto number_at = [&root](const char* key) {
    const auto found = root.find(key);
    return found != root.end() && found->is_number_unsigned() ? found->get<std::uint32_t>() : 0U;
  };
  if (!root.is_object()) return fail(Errc::kInvalidArgument, "its description is damaged");
  const TemplateDraft draft = draft_in(folder_of(generation), generation);
  FrozenTemplate frozen{generation,
                        {text_at("image"), number_at("vcpus"), number_at("memory_mib"), number_at("heads")},
                        text_at("fingerprint"),
                        draft.disk,
                        draft.files,
                        {}};
  TOBARI_ASSIGN(frozen.marks, texts_of(root, "marks"));
  TOBARI_ASSIGN(const auto digests, texts_of(root, "sha256"));
  if (check(frozen)) return frozen;
  // Perhaps copied to another disk, or only touched: the contents decide.
  for (const char* name : kFiles) {
    const fs::path file = folder_of(generation) / name;
    TOBARI_ASSIGN(frozen.marks[name], mark_of(file));
    TOBARI_ASSIGN(const std::string digest, sha256_hex_of_file(file));
    if (digest != digests.at(name)) return fail(Errc::kInvalidArgument, std::format("{} was changed on disk", name));
  }
  TOBARI_TRY(save(frozen, digests));
  return frozen;
}

Result<void> TemplateStore::check(const FrozenTemplate& frozen) const {
  for (const char* name : kFiles) {
    const auto mark = mark_of(folder_of(frozen.generation) / name);
    if (!mark || *mark != frozen.marks.at(name)) {
      return fail(Errc::kInvalidArgument, std::format("the template's file {} was changed on disk", name));
    }
  }
  return {};
}

Result<void> TemplateStore::remove(const DesktopId& generation) {
  std::error_code error;
  // The description first: what is half removed must not look whole.
  fs::remove(folder_of(generation) / kDescription, error);
  fs::remove_all(folder_of(generation), error);
  if (error) return fail(Errc::kIo, std::format("remove {}: {}", folder_of(generation).string(), error.message()));
  return {};
}

}  // namespace tobari::vmhost
