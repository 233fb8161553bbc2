// SPDX-License-Identifier: GPL-3.0-or-later
// The real tobari-display with its test card, on a free port of the loopback.
#pragma once

#include <cstdint>
#include <string>

#include <QProcess>
#include <QTemporaryDir>

namespace tobari::client::test {

class DisplayProcess {
 public:
  static constexpr int kWidth = 1280;
  static constexpr int kHeight = 800;

  DisplayProcess(const std::string& user, const std::string& password);
  ~DisplayProcess() { kill(); }

  [[nodiscard]] bool start(std::uint16_t port = 0);  // 0: a free one; waits until it listens
  void kill();                                       // as a crash would

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }  // another after each start

 private:
  [[nodiscard]] bool read_where_it_listens();

  QTemporaryDir folder_;
  QProcess process_;
  std::string user_;
  std::uint16_t port_ = 0;
  std::string fingerprint_;
};

}  // namespace tobari::client::test
