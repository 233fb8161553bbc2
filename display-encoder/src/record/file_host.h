// SPDX-License-Identifier: GPL-3.0-or-later
// The host's side of a recording for a display that runs alone: writes into a file, from a thread of its own. A display
// that is managed has no files; its host's side is vmhost/src/recording.
#pragma once

#include <filesystem>
#include <memory>
#include <thread>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace tobari::display {

class FileHost {
 public:
  // kIo, kAlreadyExists: the file. `line`: the host's end.
  [[nodiscard]] static Result<std::unique_ptr<FileHost>> create(const std::filesystem::path& file, UniqueFd line);
  FileHost(UniqueFd file, UniqueFd line);
  ~FileHost() = default;  // returns when the recorder's end is closed
  FileHost(const FileHost&) = delete;
  FileHost& operator=(const FileHost&) = delete;

 private:
  void run();
  UniqueFd file_;
  UniqueFd line_;
  std::jthread thread_;
};

}  // namespace tobari::display
