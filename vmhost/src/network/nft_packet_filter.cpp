// SPDX-License-Identifier: GPL-3.0-or-later
#include "network/nft_packet_filter.h"

#include <format>
#include <mutex>
#include <nftables/libnftables.h>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace tobari::vmhost {
namespace {

struct FreeContext {
  void operator()(nft_ctx* context) const noexcept { ::nft_ctx_free(context); }
};
using Context = std::unique_ptr<nft_ctx, FreeContext>;

// Everything up to the first line's end: what follows repeats the command.
std::string first_line(const char* text) {
  std::string_view line(text == nullptr ? "" : text);
  line = line.substr(0, line.find('\n'));
  return line.empty() ? "nftables gives no reason" : std::string(line);
}

// What libnftables printed. A context a call: it caches what the kernel has, and others change that too.
Result<std::string> run(const std::string& commands, std::string_view doing_what, bool json = false) {
  const Context context(::nft_ctx_new(NFT_CTX_DEFAULT));
  if (!context) return fail(Errc::kIo, std::format("{}: no memory for nftables", doing_what));
  ::nft_ctx_buffer_error(context.get());
  ::nft_ctx_buffer_output(context.get());
  if (json) ::nft_ctx_output_set_flags(context.get(), NFT_CTX_OUTPUT_JSON);
  if (::nft_run_cmd_from_buffer(context.get(), commands.c_str()) != 0) {
    return fail(Errc::kIo, std::format("{}: {}", doing_what, first_line(::nft_ctx_get_error_buffer(context.get()))));
  }
  const char* printed = ::nft_ctx_get_output_buffer(context.get());
  return std::string(printed == nullptr ? "" : printed);
}

class NftPacketFilter final : public PacketFilter {
 public:
  Result<void> set(const Networks& networks, const Surroundings& around, const Addresses& addresses) override {
    std::string commands = host_rules(around);
    for (const auto& [id, network] : networks) {
      TOBARI_ASSIGN(const std::string rules, desktop_rules(id, network, around, addresses));
      commands += rules;
    }
    const std::scoped_lock lock(mutex_);
    TOBARI_TRY(run(commands, "set the network rules of desktops"));
    return {};
  }

  Result<void> remove(const DesktopId& id) override {
    const std::scoped_lock lock(mutex_);
    TOBARI_ASSIGN(const std::set<DesktopId> all, listed());
    if (!all.contains(id)) return {};
    TOBARI_TRY(run(removed_rules(id), std::format("remove the network rules of desktop {}", id.str())));
    return {};
  }

  Result<std::set<DesktopId>> list() override {
    const std::scoped_lock lock(mutex_);
    return listed();
  }

 private:
  static Result<std::set<DesktopId>> listed() {
    TOBARI_ASSIGN(const std::string printed, run("list chains bridge", "list the network rules", true));
    const auto root = nlohmann::json::parse(printed, nullptr, /*allow_exceptions=*/false);
    if (!root.is_object() || !root.contains("nftables") || !root["nftables"].is_array()) {
      return fail(Errc::kIo, "list the network rules: nftables' answer is not understood");
    }
    std::set<DesktopId> all;
    for (const auto& entry : root["nftables"]) {
      const auto chain = entry.find("chain");
      if (chain == entry.end() || chain->value("table", "") != "tobari") continue;
      if (DesktopId id = desktop_of_chain(chain->value("name", "")); !id.empty()) all.insert(std::move(id));
    }
    return all;
  }

  std::mutex mutex_;
};

}  // namespace

std::unique_ptr<PacketFilter> make_nft_packet_filter() { return std::make_unique<NftPacketFilter>(); }

}  // namespace tobari::vmhost
