// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/files.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <format>
#include <memory>
#include <unistd.h>
#include <vector>

#include <openssl/evp.h>
#include <sys/stat.h>

#include <tobari/base/random.h>
#include <tobari/base/unique_fd.h>

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const noexcept { ::EVP_MD_CTX_free(context); }
};

Result<void> write_all(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "write " + path.string());
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<UniqueFd> open_file(const fs::path& path, int flags, mode_t mode = 0) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) return fail_errno(errno, "open " + path.string());
  return fd;
}

struct DigestOfPart {
  std::string hex;
  std::uint64_t bytes = 0;  // that there were
};

// From where the file is read next, `most` bytes at most.
Result<DigestOfPart> digest_of_next(int file, std::uint64_t most, const fs::path& path, const GoOn& go_on) {
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(::EVP_MD_CTX_new());
  if (!context || ::EVP_DigestInit_ex(context.get(), ::EVP_sha256(), nullptr) != 1) {
    return fail(Errc::kInternal, "start a SHA-256");
  }
  std::vector<char> chunk(kChunkBytes);
  DigestOfPart found;
  while (found.bytes < most) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), most - found.bytes));
    const ssize_t n = ::read(file, chunk.data(), wanted);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "read " + path.string());
    if (n == 0) break;
    ::EVP_DigestUpdate(context.get(), chunk.data(), static_cast<std::size_t>(n));
    found.bytes += static_cast<std::uint64_t>(n);
    if (go_on) TOBARI_TRY(go_on());
  }
  std::vector<std::byte> digest(32);
  ::EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  found.hex = to_hex(digest);
  return found;
}

}  // namespace

Result<void> write_file_durably(const fs::path& path, std::string_view content) {
  const fs::path fresh = path.string() + ".new";
  TOBARI_ASSIGN(const UniqueFd file, open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  TOBARI_TRY(write_all(file.get(), content, fresh));
  if (::fsync(file.get()) != 0) return fail_errno(errno, "write " + fresh.string());
  if (::rename(fresh.c_str(), path.c_str()) != 0) return fail_errno(errno, "replace " + path.string());
  TOBARI_ASSIGN(const UniqueFd folder, open_file(path.parent_path(), O_RDONLY | O_DIRECTORY));
  if (::fsync(folder.get()) != 0) return fail_errno(errno, "write " + path.parent_path().string());
  return {};
}

Result<std::string> read_small_file(const fs::path& path, std::size_t max_bytes) {
  TOBARI_ASSIGN(const UniqueFd file, open_file(path, O_RDONLY));
  std::string content;
  std::vector<char> chunk(std::min(kChunkBytes, max_bytes + 1));
  while (true) {
    const ssize_t n = ::read(file.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "read " + path.string());
    if (n == 0) return content;
    content.append(chunk.data(), static_cast<std::size_t>(n));
    if (content.size() > max_bytes) {
      return fail(Errc::kExhausted, std::format("{} is larger than {} bytes", path.string(), max_bytes));
    }
  }
}

std::string sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  unsigned size = 0;
  ::EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size, ::EVP_sha256(),
               nullptr);
  return digest;
}

Result<std::string> sha256_hex_of_part(const fs::path& path, std::uint64_t at, std::uint64_t bytes, const GoOn& go_on) {
  TOBARI_ASSIGN(const UniqueFd file, open_file(path, O_RDONLY));
  if (::lseek(file.get(), static_cast<off_t>(at), SEEK_SET) < 0) return fail_errno(errno, "read " + path.string());
  TOBARI_ASSIGN(const auto digest, digest_of_next(file.get(), bytes, path, go_on));
  if (digest.bytes != bytes) return fail(Errc::kInvalidArgument, std::format("{} is cut short", path.string()));
  return digest.hex;
}

Result<std::string> sha256_hex_of_file(const fs::path& path, const GoOn& go_on) {
  TOBARI_ASSIGN(const UniqueFd file, open_file(path, O_RDONLY));
  TOBARI_ASSIGN(const auto digest, digest_of_next(file.get(), ~std::uint64_t{0}, path, go_on));
  return digest.hex;
}

}  // namespace tobari::vmhost
