// SPDX-License-Identifier: GPL-3.0-or-later
#include "contract/framebuffer_source/picture_guest.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/socket.h>

namespace tobari::display {
namespace {

constexpr Size kLargestScreen{1920, 1200};
constexpr std::size_t kHeaderBytes = 3232;  // as Xvfb has before its pixels
constexpr std::size_t kRowPixels = 1920;    // a row is as long as the largest screen's, whatever is shown
constexpr std::size_t kFileBytes = kHeaderBytes + kRowPixels * 1200 * 4;

}  // namespace

Result<std::unique_ptr<PictureGuest>> PictureGuest::start(Size size) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail_errno(errno, "make a socket pair");
  }
  std::unique_ptr<PictureGuest> guest(new PictureGuest(UniqueFd(ends[0]), UniqueFd(ends[1])));
  TOBARI_TRY(guest->make_surface(size));
  return guest;
}

PictureGuest::~PictureGuest() { unmap(); }

void PictureGuest::unmap() {
  if (pixels_ != nullptr) ::munmap(reinterpret_cast<std::byte*>(pixels_) - kHeaderBytes, kFileBytes);
  pixels_ = nullptr;
}

Result<void> PictureGuest::make_surface(Size size) {
  unmap();
  file_.reset(::memfd_create("screen", MFD_CLOEXEC));
  if (!file_ || ::ftruncate(file_.get(), kFileBytes) != 0) return fail_errno(errno, "make a screen");
  void* mapped = ::mmap(nullptr, kFileBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
  if (mapped == MAP_FAILED) return fail_errno(errno, "map a screen");
  pixels_ = reinterpret_cast<std::uint32_t*>(static_cast<std::byte*>(mapped) + kHeaderBytes);
  size_ = size;
  say({1, 1, static_cast<std::uint32_t>(size.width), static_cast<std::uint32_t>(size.height), kRowPixels * 4,
       kHeaderBytes, static_cast<std::uint32_t>(kLargestScreen.width),
       static_cast<std::uint32_t>(kLargestScreen.height)},
      file_.get());
  return {};
}

void PictureGuest::resize(Size size) { static_cast<void>(make_surface(size)); }

bool PictureGuest::shrink_file() { return ::ftruncate(file_.get(), 4096) == 0; }

void PictureGuest::fill(const Rect& rect, std::uint32_t rgb) {
  for (int y = rect.y; y < rect.bottom(); ++y) {
    for (int x = rect.x; x < rect.right(); ++x) {
      pixels_[static_cast<std::size_t>(y) * kRowPixels + static_cast<std::size_t>(x)] = rgb;
    }
  }
  say({2, 1, static_cast<std::uint32_t>(rect.x), static_cast<std::uint32_t>(rect.y),
       static_cast<std::uint32_t>(rect.width), static_cast<std::uint32_t>(rect.height)});
}

Picture PictureGuest::picture() const {
  return keep({reinterpret_cast<const std::byte*>(pixels_), size_, kRowPixels * 4});
}

void PictureGuest::say(const std::vector<std::uint32_t>& numbers, int descriptor, int second) {
  std::vector<std::uint32_t> copy = numbers;
  iovec part{copy.data(), copy.size() * sizeof(std::uint32_t)};
  std::array<int, 2> descriptors{descriptor, second};
  const std::size_t bytes = (second >= 0 ? 2 : 1) * sizeof(int);
  union {
    cmsghdr header;
    char bytes[CMSG_SPACE(2 * sizeof(int))];
  } control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(header), descriptors.data(), bytes);
  }
  static_cast<void>(::sendmsg(ours_.get(), &message, MSG_NOSIGNAL));
}

std::vector<std::int32_t> PictureGuest::hear() {
  std::array<std::int32_t, 16> numbers{};
  const ssize_t got = ::recv(ours_.get(), numbers.data(), sizeof numbers, 0);
  if (got <= 0) return {};
  return {numbers.begin(), numbers.begin() + got / static_cast<ssize_t>(sizeof(std::int32_t))};
}

}  // namespace tobari::display
