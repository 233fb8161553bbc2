// SPDX-License-Identifier: GPL-3.0-or-later
#include "libvirt_templates.h"

#include <chrono>
#include <cstdlib>
#include <format>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <poll.h>
#include <string_view>

#include <libvirt/libvirt-qemu.h>
#include <nlohmann/json.hpp>
#include <sys/types.h>

#include "libvirt_error.h"

namespace tobari::vmhost {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::seconds kMigrateWithin{30};  // some 9 MB, 50 ms
constexpr int kLookEveryMilliseconds = 2;
constexpr const char* kPidFolder = "/run/libvirt/qemu/";

// The answer's "return".
Result<Json> qmp(virDomainPtr domain, const std::string& command, const Json& arguments = Json::object()) {
  const Json request{{"execute", command}, {"arguments", arguments}};
  const std::string text = request.dump(-1, ' ', false, Json::error_handler_t::replace);
  char* raw = nullptr;
  if (::virDomainQemuMonitorCommand(domain, text.c_str(), &raw, 0) < 0) {
    return libvirt_failure(std::format("ask QEMU to {}", command));
  }
  const Json answer = Json::parse(raw, nullptr, /*allow_exceptions=*/false);
  std::free(raw);
  if (answer.is_object() && answer.contains("return")) return answer["return"];
  const Json error = answer.is_object() ? answer.value("error", Json::object()) : Json::object();
  return fail(Errc::kIo, std::format("QEMU refuses to {}: {}", command,
                                     error.is_object() ? error.value("desc", "no reason") : "no reason"));
}

Result<void> leave_memory_out(virDomainPtr domain) {
  const Json capability{{"capability", "x-ignore-shared"}, {"state", true}};
  TOBARI_TRY(qmp(domain, "migrate-set-capabilities", {{"capabilities", Json::array({capability})}}));
  return {};
}

// QEMU says how far it is only when it is asked.
Result<void> wait_until_migrated(virDomainPtr domain) {
  const auto deadline = std::chrono::steady_clock::now() + kMigrateWithin;
  while (std::chrono::steady_clock::now() < deadline) {
    TOBARI_ASSIGN(const Json state, qmp(domain, "query-migrate"));
    const std::string status = state.value("status", "");
    if (status == "completed") return {};
    if (status == "failed" || status == "cancelled") {
      return fail(Errc::kIo, std::format("QEMU: {}", state.value("error-desc", status)));
    }
    ::poll(nullptr, 0, kLookEveryMilliseconds);
  }
  return fail(Errc::kTimeout, "QEMU does not finish");
}

// Of the lines of a file of /proc that begin so, in KiB; nothing when it has none of them.
std::optional<std::uint64_t> sum_of(const std::string& path, std::initializer_list<std::string_view> names) {
  std::ifstream file(path);
  std::optional<std::uint64_t> sum;
  for (std::string line; std::getline(file, line);) {
    for (const std::string_view name : names) {
      if (line.starts_with(name)) sum = sum.value_or(0) + std::strtoull(line.c_str() + name.size(), nullptr, 10);
    }
  }
  return sum;
}

}  // namespace

Result<void> save_devices(virDomainPtr domain, const std::string& file) {
  TOBARI_TRY(leave_memory_out(domain));
  TOBARI_TRY(qmp(domain, "migrate", {{"uri", "file:" + file}}));
  auto written = wait_until_migrated(domain);
  if (!written) return context(std::move(written).error(), "the state of the devices is not written");
  return {};
}

Result<void> load_devices(virDomainPtr domain, const std::string& file) {
  TOBARI_TRY(leave_memory_out(domain));
  // Otherwise QEMU ends when the state does not fit, and takes the reason along.
  TOBARI_TRY(qmp(domain, "migrate-incoming", {{"uri", "file:" + file}, {"exit-on-error", false}}));
  auto loaded = wait_until_migrated(domain);
  if (!loaded) return context(std::move(loaded).error(), "the state of the devices does not load");
  return {};
}

Result<std::uint64_t> private_bytes(const std::string& domain_name) {
  pid_t pid = 0;
  if (!(std::ifstream(kPidFolder + domain_name + ".pid") >> pid)) {
    return fail(Errc::kNotFound, "the VM's process is not known");
  }
  if (const auto kib = sum_of(std::format("/proc/{}/smaps_rollup", pid), {"Private_Clean:", "Private_Dirty:"})) {
    return *kib * 1024;
  }
  // Without the right to look into another user's process (CAP_SYS_PTRACE): all but the clean pages of files.
  if (const auto kib = sum_of(std::format("/proc/{}/status", pid), {"RssAnon:", "RssShmem:"})) return *kib * 1024;
  return fail(Errc::kNotFound, "the memory of the VM's process is not to be seen");
}

}  // namespace tobari::vmhost
