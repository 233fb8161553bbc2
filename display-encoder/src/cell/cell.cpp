// SPDX-License-Identifier: GPL-3.0-or-later
#include "cell/cell.h"

#include <cerrno>

#include <sys/prctl.h>

#include <tobari/base/result.h>

#include "cell/landlock.h"
#include "cell/name_spaces.h"
#include "cell/system_calls.h"

namespace tobari::display {

Result<CellReport> enter_cell() {
  CellReport report;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno(errno, "give up new privileges");
  if (const auto entered = enter_name_spaces(); !entered) {
    if (entered.error().code != Errc::kUnavailable) return std::unexpected(entered.error());
    report.no_name_spaces = entered.error().message;
  }
  // Not before, since it takes /proc/self away. Its memory is nobody else's to read, also not another display's of the
  // same user.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno(errno, "close the memory to others");
  TOBARI_ASSIGN(report.landlock_abi, deny_by_landlock());
  TOBARI_ASSIGN(report.system_calls, limit_system_calls());
  return report;
}

}  // namespace tobari::display
