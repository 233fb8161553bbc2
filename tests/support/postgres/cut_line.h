// SPDX-License-Identifier: GPL-3.0-or-later
// A line to a PostgreSQL that can be cut at the client's end only: the server goes on with what it was sent.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace tobari::test {

class CutLine {
 public:
  // Listens in `folder` as a server does in its own (`server`).
  [[nodiscard]] static Result<std::unique_ptr<CutLine>> start(const std::filesystem::path& folder,
                                                              const std::filesystem::path& server);
  ~CutLine();
  CutLine(const CutLine&) = delete;
  CutLine& operator=(const CutLine&) = delete;

  // All lines that are open now; new ones work.
  void cut() { ++cuts_; }

 private:
  CutLine(UniqueFd listener, std::filesystem::path server);
  void run(const std::stop_token& stop);
  void pass(const std::stop_token& stop, const UniqueFd& client, const UniqueFd& server) const;

  const UniqueFd listener_;
  const std::filesystem::path server_;
  std::atomic<int> cuts_ = 0;
  std::vector<std::jthread> lines_;
  std::jthread thread_;
};

}  // namespace tobari::test
