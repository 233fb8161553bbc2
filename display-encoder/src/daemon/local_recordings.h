// SPDX-License-Identifier: GPL-3.0-or-later
// Recording for a display that runs alone: whoever is admitted is recorded, into a file of this machine.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <tobari/display/display_transport.h>
#include <tobari/recording/keys.h>

#include "record/file_host.h"
#include "record/recorder.h"

namespace tobari::display {

class RecordedAdmission final : public Admission {
 public:
  // kNotFound, kInvalidArgument: the file with the public key. `admission` outlives it.
  [[nodiscard]] static Result<std::unique_ptr<RecordedAdmission>> create(Admission& admission,
                                                                         std::filesystem::path folder,
                                                                         const std::filesystem::path& key_file);
  RecordedAdmission(Admission& admission, std::filesystem::path folder, const recording::PublicKey& reader)
      : admission_(admission), folder_(std::move(folder)), reader_(reader) {}
  ~RecordedAdmission() override;
  RecordedAdmission(const RecordedAdmission&) = delete;
  RecordedAdmission& operator=(const RecordedAdmission&) = delete;

  // As the other one; kIo: nobody gets in whose session cannot be recorded.
  [[nodiscard]] Result<Admitted> admit(const std::string& user, const std::string& secret) override;
  [[nodiscard]] policy::Grant foreseen(const std::string& session_id) override {
    return admission_.foreseen(session_id);
  }

 private:
  Admission& admission_;
  const std::filesystem::path folder_;
  const recording::PublicKey reader_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<FileHost>> hosts_;      // of all sessions there were
  std::vector<std::shared_ptr<Recorder>> recorders_;  // end before their hosts
};

}  // namespace tobari::display
