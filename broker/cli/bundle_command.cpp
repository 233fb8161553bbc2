// SPDX-License-Identifier: GPL-3.0-or-later
// tobari bundle
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <format>
#include <memory>
#include <print>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <sys/stat.h>

#include <tobari/base/unique_fd.h>

#include "bundle.h"
#include "commands.h"

namespace tobari::cli {
namespace {

constexpr const char* kInstalled[] = {"/etc/tobari/broker.yaml", "/etc/tobari/gateway.yaml", "/etc/tobari/vmhost.yaml"};

struct BundleOptions {
  std::string file;
  std::vector<std::string> configs, logs, status;
  std::uint32_t hours = 24;
  bool offline = false;
};

Result<BundleSources> sources_of(const BundleOptions& options) {
  BundleSources sources;
  sources.hours = options.hours;
  sources.configs.assign(options.configs.begin(), options.configs.end());
  std::error_code error;
  for (const char* file : kInstalled) {
    if (options.configs.empty() && std::filesystem::exists(file, error)) sources.configs.emplace_back(file);
  }
  sources.logs.assign(options.logs.begin(), options.logs.end());
  for (const std::string& written : options.status) {
    TOBARI_ASSIGN(net::Endpoint at, net::parse_endpoint(written));
    sources.status.push_back(std::move(at));
  }
  return sources;
}

// Never over something that is there, and for its owner only.
Result<void> write_new(const std::string& file, std::string_view bytes) {
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd) return fail_errno(errno, "make " + file);
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int error = errno;
      ::unlink(file.c_str());
      return fail_errno(error, "write " + file);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> make_bundle(const Context& context, const BundleOptions& options) {
  TOBARI_ASSIGN(const BundleSources sources, sources_of(options));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  Bundle bundle(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count()));
  collect_machine(sources, bundle);
  if (!options.offline) {
    if (auto portal = context.open(); portal.has_value()) {
      collect_deployment(*portal, bundle);
    } else {
      bundle.add_or_why("deployment", Result<std::string>(std::unexpected(portal.error())));
    }
  }
  const std::string archive = bundle.archive();
  TOBARI_TRY(write_new(options.file, archive));
  for (const Bundle::Entry& entry : bundle.entries()) {
    if (!entry.missing.empty()) std::println(stderr, "{}: not there: {}", entry.name, entry.missing);
  }
  std::println("{}: {} entries, {} bytes; read it before you give it away: names and addresses are in it", options.file,
               bundle.entries().size(), archive.size());
  return {};
}

}  // namespace

void add_bundle_command(CLI::App& app, Context& context) {
  CLI::App* bundle = app.add_subcommand(
      "bundle", "a support archive (tar) of this machine and, for administrators, of the deployment; without secrets");
  auto options = std::make_shared<BundleOptions>();
  bundle->add_option("file", options->file, "what to make; it must not be there")->required();
  bundle->add_option("--config", options->configs, "a daemon's configuration; default: those in /etc/tobari");
  bundle->add_option("--log", options->logs, "a log file, besides the journal; may be repeated");
  bundle->add_option("--status", options->status,
                     "ADDR:PORT of metrics and health, besides those of the configurations");
  bundle->add_option("--hours", options->hours, "of the journal, default 24")->check(CLI::Range(1U, 24U * 366U));
  bundle->add_flag("--offline", options->offline, "ask no broker");
  bundle->callback(
      [options, &context] { context.run = [options, &context] { return make_bundle(context, *options); }; });
}

}  // namespace tobari::cli
