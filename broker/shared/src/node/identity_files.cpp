// SPDX-License-Identifier: GPL-3.0-or-later
#include "identity_files.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <span>
#include <unistd.h>

#include <sys/stat.h>

#include <tobari/base/random.h>
#include <tobari/base/unique_fd.h>

namespace tobari::node {
namespace fs = std::filesystem;
namespace {

constexpr const char* kCaFile = "ca.crt";
constexpr const char* kCertificateFile = "node.crt";
constexpr const char* kKeyFile = "node.key";
constexpr const char* kIdFile = "node.id";

Result<void> write_file(const fs::path& path, std::string_view text, mode_t mode) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) return fail_errno(errno, "create " + path.string());
  while (!text.empty()) {
    const ssize_t written = ::write(fd.get(), text.data(), text.size());
    if (written < 0) return fail_errno(errno, "write " + path.string());
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd.get()) != 0) return fail_errno(errno, "write " + path.string());
  return {};
}

Result<void> sync_folder(const fs::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return fail_errno(errno, "sync " + path.string());
  return {};
}

Result<std::string> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::kNotFound, "cannot read " + path.string() + "; enrol this node first");
  std::string text(net::kMaxCertificateBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > net::kMaxCertificateBytes) return fail(Errc::kInvalidArgument, path.string() + " is too large");
  return text;
}

}  // namespace

IdentityWriter::IdentityWriter(fs::path target, fs::path made) : target_(std::move(target)), made_(std::move(made)) {}

IdentityWriter::IdentityWriter(IdentityWriter&& other) noexcept
    : target_(std::move(other.target_)), made_(std::exchange(other.made_, fs::path())) {}

IdentityWriter::~IdentityWriter() {
  std::error_code ignored;
  if (!made_.empty()) fs::remove_all(made_, ignored);
}

Result<IdentityWriter> IdentityWriter::create(const fs::path& target) {
  std::error_code error;
  fs::path clean = fs::absolute(target, error).lexically_normal();
  if (!clean.has_filename()) clean = clean.parent_path();  // "dir/"
  if (fs::exists(clean, error) && !fs::is_empty(clean, error)) {
    return fail(Errc::kAlreadyExists, clean.string() + " is not empty; to enrol again remove it first");
  }
  fs::create_directories(clean.parent_path(), error);
  const fs::path made = clean.parent_path() / ("." + clean.filename().string() + "." + random_uuid());
  if (::mkdir(made.c_str(), 0700) != 0) return fail_errno(errno, "create " + made.string());
  return IdentityWriter(clean, made);
}

Result<void> IdentityWriter::commit(const NodeIdentity& identity) {
  TOBARI_TRY(write_file(made_ / kCaFile, identity.ca_pem, 0644));
  TOBARI_TRY(write_file(made_ / kCertificateFile, identity.tls.certificate_pem, 0644));
  TOBARI_TRY(write_file(made_ / kKeyFile, identity.tls.key_pem, 0600));
  TOBARI_TRY(write_file(made_ / kIdFile, identity.id + "\n", 0644));
  TOBARI_TRY(sync_folder(made_));
  // An empty folder at the target is replaced; anything in it makes this fail.
  if (::rename(made_.c_str(), target_.c_str()) != 0) return fail_errno(errno, "create " + target_.string());
  made_.clear();
  return sync_folder(target_.parent_path());
}

Result<NodeIdentity> load_identity(const fs::path& identity_dir) {
  NodeIdentity identity;
  TOBARI_ASSIGN(identity.ca_pem, read_file(identity_dir / kCaFile));
  TOBARI_ASSIGN(identity.tls.certificate_pem, read_file(identity_dir / kCertificateFile));
  TOBARI_ASSIGN(identity.tls.key_pem, read_file(identity_dir / kKeyFile));
  TOBARI_ASSIGN(identity.id, read_file(identity_dir / kIdFile));
  if (identity.id.ends_with('\n')) identity.id.pop_back();
  const auto whole = net::check_pair(identity.tls);
  if (!whole) return context(whole.error(), identity_dir.string());
  if (!is_uuid(identity.id)) return fail(Errc::kInvalidArgument, (identity_dir / kIdFile).string() + " is not an id");
  return identity;
}

}  // namespace tobari::node
