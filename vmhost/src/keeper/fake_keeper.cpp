// SPDX-License-Identifier: GPL-3.0-or-later
#include "keeper/fake_keeper.h"

#include <csignal>
#include <fcntl.h>
#include <utility>

// glibc 2.41 forgets to say that these are C.
extern "C" {
#include <sys/pidfd.h>
}

namespace tobari::vmhost {
namespace {

UniqueFd copy_of(int descriptor) { return UniqueFd(descriptor < 0 ? -1 : ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)); }

}  // namespace

void FakeKeeper::House::time_is_over() {
  for (const auto& [name, entry] : entries_) {
    if (entry.process) static_cast<void>(::pidfd_send_signal(entry.descriptor.get(), SIGKILL, nullptr, 0));
  }
  entries_.clear();
}

FakeKeeper::FakeKeeper(House& house) : house_(house) {
  for (const auto& [name, entry] : house_.entries_) {
    left_.push_back({name, entry.note, copy_of(entry.descriptor.get()), entry.process});
  }
}

std::vector<Kept> FakeKeeper::take() { return std::exchange(left_, {}); }

void FakeKeeper::keep(const std::string& name, const std::string& note, int descriptor, What what) {
  if (!may_be_kept(name, note) || (house_.entries_.size() >= kMaxKept && !house_.entries_.contains(name))) return;
  house_.entries_[name] = {note, copy_of(descriptor), what == What::kProcess};
}

void FakeKeeper::annotate(const std::string& name, const std::string& note) {
  if (!may_be_kept(name, note) || (house_.entries_.size() >= kMaxKept && !house_.entries_.contains(name))) return;
  house_.entries_[name].note = note;
}

}  // namespace tobari::vmhost
