// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <netinet/in.h>
#include <sys/types.h>
#include <sys/un.h>

#include <tobari/base/unique_fd.h>

namespace tobari::display::testing {

// What there is to reach outside of a cell: listeners, a file, and another process of the same user.
class Outside {
 public:
  explicit Outside(uid_t user);
  ~Outside();
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;

  [[nodiscard]] uid_t user() const noexcept { return user_; }
  [[nodiscard]] const sockaddr_in& tcp() const noexcept { return tcp_address_; }
  [[nodiscard]] const sockaddr_in& udp() const noexcept { return udp_address_; }
  [[nodiscard]] const sockaddr_un& abstract() const noexcept { return abstract_address_; }
  [[nodiscard]] socklen_t abstract_length() const noexcept { return abstract_length_; }
  [[nodiscard]] const char* file() const noexcept { return file_.c_str(); }      // readable, writable by the user
  [[nodiscard]] const char* folder() const noexcept { return folder_.c_str(); }  // where the user may make files
  void make_victim() const;  // a file in that folder that can be deleted
  [[nodiscard]] const char* victim() const noexcept { return victim_.c_str(); }
  [[nodiscard]] pid_t neighbour() const noexcept { return neighbour_; }
  [[nodiscard]] const void* secret() const noexcept { return &secret_; }  // at this address in the neighbour

 private:
  void start_neighbour();

  static inline std::uint64_t secret_ = 0x7365'6372'6574'2121;
  const uid_t user_;
  std::string folder_;
  std::string file_;
  std::string victim_;
  UniqueFd tcp_, udp_, abstract_;
  sockaddr_in tcp_address_{};
  sockaddr_in udp_address_{};
  sockaddr_un abstract_address_{};
  socklen_t abstract_length_ = 0;
  pid_t neighbour_ = -1;
};

// Ends the calling process when it cannot.
void become_user(uid_t user);

}  // namespace tobari::display::testing
