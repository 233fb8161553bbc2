// SPDX-License-Identifier: GPL-3.0-or-later
// A policy file of any bytes: bounded, and either a policy or at least one error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <tobari/policy/yaml_loader.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tobari::policy;
  const Loaded loaded = load_text({reinterpret_cast<const char*>(data), size});
  bool error = false;
  for (const Finding& finding : loaded.findings) {
    error = error || finding.severity == Severity::kError;
    if (finding.line < 0 || finding.message.empty()) std::abort();
  }
  if (loaded.policy.has_value() == error) std::abort();
  if (loaded.policy) {
    const Request request{.user = "alice", .groups = {"g"}, .pool = "p", .desktop_id = {}, .address = {}};
    const Grant grant = make_grant(*loaded.policy, request);
    if (!grant.channels.empty() && grant.find("connect") == nullptr) std::abort();
  }
  return 0;
}
