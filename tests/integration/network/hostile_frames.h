// SPDX-License-Identifier: GPL-3.0-or-later
// Frames that a desktop's root may put on its card: any destination, protocol, tag and sender's MAC, with right
// checksums, so that nothing but a rule stops them. Repeatable from a seed. None of them is ARP or a question to the
// network's DHCP or DNS servers, which are let through.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <arpa/inet.h>

namespace tobari::vmhost {

class HostileFrames {
 public:
  static constexpr const char* kMarker = "out of a desktop";

  struct Around {
    std::string own_mac;              // 6 bytes
    std::vector<std::string> macs;    // of others, and of groups
    std::vector<std::string> places;  // IPv4
    std::string own_ip;
  };
  HostileFrames(Around around, std::uint32_t seed) : around_(std::move(around)), random_(seed) {}

  std::string next() {
    const std::string from = one_in(8) ? any(around_.macs) : around_.own_mac;
    std::string head = any(around_.macs) + from;
    if (one_in(6)) head += word(one_in(2) ? 0x8100 : 0x88a8) + word(static_cast<std::uint16_t>(below(4095)));
    if (one_in(8)) return head + word(0x86dd) + ip6();
    if (one_in(8)) return head + word(any_of(std::array<std::uint16_t, 4>{0x88cc, 0x8864, 0x0027, 0x9000})) + kMarker;
    return head + word(0x0800) + ip4();
  }

 private:
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  const std::string& any(const std::vector<std::string>& all) {
    return all[below(static_cast<std::uint32_t>(all.size()))];
  }
  template <class T, std::size_t N>
  T any_of(const std::array<T, N>& all) {
    return all[below(N)];
  }

  static std::string word(std::uint16_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
  }
  static std::string bytes_of(const std::string& ip) {
    std::string bytes(4, '\0');
    ::inet_pton(AF_INET, ip.c_str(), bytes.data());
    return bytes;
  }
  // RFC 1071.
  static std::string checksum(const std::string& text) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
      sum += i % 2 == 0 ? byte << 8 : byte;
    }
    while (sum > 0xffff) sum = (sum >> 16) + (sum & 0xffff);
    return word(static_cast<std::uint16_t>(~sum));
  }

  // From any port to any other than those of DHCP and DNS.
  std::string ports() {
    std::uint16_t to = 0;
    while (to == 0 || to == 53 || to == 67) to = static_cast<std::uint16_t>(one_in(2) ? below(1024) : below(65'536));
    return word(static_cast<std::uint16_t>(1 + below(65'535))) + word(to);
  }
  std::string transport(std::uint8_t protocol, const std::string& from, const std::string& to) {
    const std::string data = kMarker;
    switch (protocol) {
      case IPPROTO_UDP:  // without a checksum
        return ports() + word(static_cast<std::uint16_t>(8 + data.size())) + word(0) + data;
      case IPPROTO_TCP: {
        const std::uint8_t flags = any_of(std::array<std::uint8_t, 5>{0x02, 0x10, 0x12, 0x04, 0x29});
        std::string tcp =
            ports() + std::string(8, '\1') + word(static_cast<std::uint16_t>(0x5000 | flags)) + word(1024);
        std::string sum = from + to + word(IPPROTO_TCP) + word(static_cast<std::uint16_t>(20 + data.size()));
        sum += tcp + std::string(4, '\0') + data;
        return tcp + checksum(sum) + word(0) + data;
      }
      case IPPROTO_ICMP: {
        const std::string kind{static_cast<char>(any_of(std::array<std::uint8_t, 4>{0, 3, 5, 8})), '\0'};
        return kind + checksum(kind + word(0) + word(7) + word(7) + data) + word(7) + word(7) + data;
      }
      default:
        return std::string(8, '\0') + data;
    }
  }
  std::string ip4() {
    const std::uint8_t protocol =
        any_of(std::array<std::uint8_t, 7>{IPPROTO_UDP, IPPROTO_UDP, IPPROTO_TCP, IPPROTO_TCP, IPPROTO_ICMP, 2, 47});
    const std::string from = bytes_of(around_.own_ip);
    const std::string to = bytes_of(any(around_.places));
    const std::string data = transport(protocol, from, to);
    const auto part = static_cast<std::uint16_t>(one_in(10) ? 1 + below(100) : 0);  // a later piece of a packet
    std::string head = word(0x4500) + word(static_cast<std::uint16_t>(20 + data.size()));
    head += word(static_cast<std::uint16_t>(below(65'536))) + word(part);
    const std::string rest{static_cast<char>(64), static_cast<char>(protocol)};
    return head + rest + checksum(head + rest + word(0) + from + to) + from + to + data;
  }
  std::string ip6() {
    const std::string to = std::string("\xff\x02", 2) + std::string(13, '\0') + "\1";
    return std::string("\x60\0\0\0", 4) + word(16) + std::string("\x3b\x40", 2) + std::string(16, '\xfd') + to +
           kMarker;
  }

  Around around_;
  std::mt19937 random_;
};

}  // namespace tobari::vmhost
