// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/local_recordings.h"

#include <cerrno>
#include <fstream>
#include <utility>

#include <sys/socket.h>

#include <tobari/base/log.h>
#include <tobari/base/random.h>

namespace tobari::display {

Result<std::unique_ptr<RecordedAdmission>> RecordedAdmission::create(Admission& admission, std::filesystem::path folder,
                                                                     const std::filesystem::path& key_file) {
  std::ifstream file(key_file);
  std::string text;
  if (!std::getline(file, text))
    return fail(Errc::kNotFound, "cannot read the key for recordings: " + key_file.string());
  TOBARI_ASSIGN(const recording::PublicKey reader, recording::parse_public_key(text));
  return std::make_unique<RecordedAdmission>(admission, std::move(folder), reader);
}

RecordedAdmission::~RecordedAdmission() {
  for (const auto& recorder : recorders_) recorder->stop();
}

Result<Admitted> RecordedAdmission::admit(const std::string& user, const std::string& secret) {
  TOBARI_ASSIGN(Admitted admitted, admission_.admit(user, secret));
  admitted.grant.recording = policy::Recording::kRequired;
  if (admitted.session_id.empty()) admitted.session_id = random_uuid();
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(errno, "make a socket pair");
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const auto file = folder_ / (admitted.session_id + recording::kFileSuffix);
  TOBARI_ASSIGN(auto host, FileHost::create(file, std::move(theirs)));
  TOBARI_ASSIGN(auto recorder, Recorder::create({reader_, admitted.session_id, true}, std::move(ours)));
  log::info("recording", {{"file", file.string()}});
  admitted.tap = recorder;
  const std::scoped_lock lock(mutex_);
  std::erase_if(recorders_, [](const auto& former) { return former.use_count() == 1 && !former->busy(); });
  hosts_.push_back(std::move(host));
  recorders_.push_back(std::move(recorder));
  return admitted;
}

}  // namespace tobari::display
