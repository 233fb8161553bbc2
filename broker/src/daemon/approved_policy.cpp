// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/approved_policy.h"

#include <format>
#include <fstream>
#include <iterator>
#include <utility>

#include <sys/stat.h>

#include <tobari/base/log.h>
#include <tobari/policy/yaml_loader.h>

#include "core/sha256.h"
#include "daemon/files.h"

namespace tobari::broker {
namespace {

Result<std::string> read_policy(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(Errc::kNotFound, std::format("{} cannot be read", file.string()));
  std::string text(policy::kMaxPolicyBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() <= policy::kMaxPolicyBytes) return text;
  return fail(Errc::kInvalidArgument, std::format("{} has more than {} bytes, the most that a policy may have",
                                                  file.string(), policy::kMaxPolicyBytes));
}

Result<void> usable(std::string_view text, const std::string& name) {
  const policy::Loaded loaded = policy::load_text(text);
  if (loaded.policy) return {};
  for (const policy::Finding& finding : loaded.findings) {
    if (finding.severity == policy::Severity::kError) {
      return fail(Errc::kInvalidArgument, policy::describe(finding, name));
    }
  }
  return fail(Errc::kInvalidArgument, name + " holds no policy");
}

}  // namespace

std::filesystem::path ApprovedPolicy::path_of(std::string_view sha256) const {
  return folder_ / (std::string(sha256) + ".yaml");
}

Result<void> ApprovedPolicy::keep_text(const std::string& text, std::string_view sha256) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) return fail(Errc::kIo, std::format("make {}: {}", folder_.string(), error.message()));
  return write_small_file(path_of(sha256), text, S_IRUSR | S_IWUSR);
}

Result<std::string> ApprovedPolicy::kept(std::string_view sha256) const {
  TOBARI_ASSIGN(std::string text, read_policy(path_of(sha256)));
  if (sha256_hex(text) == sha256) return text;
  return fail(Errc::kInvalidArgument,
              std::format("{} was changed behind the broker's back: put the approved file in its place",
                          path_of(sha256).string()));
}

Result<void> ApprovedPolicy::start() {
  if (!two_people_) return policy_.load();
  const auto approved = store_.get([](const Reader& reader) { return reader.approved_policy(); });
  if (!approved && approved.error().code != Errc::kNotFound) return std::unexpected(approved.error());
  if (!approved) {
    TOBARI_ASSIGN(const std::string text, read_policy(file_));
    TOBARI_TRY(usable(text, file_.string()));
    const std::string hash = sha256_hex(text);
    TOBARI_TRY(keep_text(text, hash));
    auto done = store_.act([&hash](Writer& writer) -> Result<AuditDraft> {
      TOBARI_TRY(writer.set_approved_policy(hash));
      return AuditDraft{.actor = "broker",
                        .action = "policy.first",
                        .object = hash,
                        .client_address = "",
                        .rule = "",
                        .detail = "taken over when two people became needed"};
    });
    TOBARI_TRY(std::move(done));
  }
  return apply();
}

Result<void> ApprovedPolicy::reload() {
  if (!two_people_) return policy_.load();
  log::warning("a change of the policy needs two people: tobari policy propose FILE, then tobari policy approve FILE");
  return apply();
}

Result<void> ApprovedPolicy::keep(std::string_view sha256) {
  TOBARI_ASSIGN(const std::string text, read_policy(file_));
  if (const std::string there = sha256_hex(text); there != sha256) {
    return fail(Errc::kAlreadyExists,
                std::format("{} on the broker is another file (SHA-256 {}): put the new one there first",
                            file_.string(), there));
  }
  TOBARI_TRY(usable(text, file_.string()));
  return keep_text(text, sha256);
}

Result<void> ApprovedPolicy::check(std::string_view sha256) {
  TOBARI_ASSIGN(const std::string text, kept(sha256));
  return usable(text, path_of(sha256).string());
}

Result<void> ApprovedPolicy::apply() {
  const std::scoped_lock lock(mutex_);
  TOBARI_ASSIGN(const std::string hash, store_.get([](const Reader& reader) { return reader.approved_policy(); }));
  TOBARI_ASSIGN(const std::string text, kept(hash));
  return policy_.put(text, path_of(hash).string());
}

}  // namespace tobari::broker
