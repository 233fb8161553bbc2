// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/template_maker.h"

#include <chrono>
#include <format>
#include <unistd.h>
#include <utility>

#include <tobari/base/log.h>

#include "host/machine.h"

namespace tobari::vmhost {
namespace {

// Until a guest has seen that its port was closed, an emulated one too.
constexpr std::chrono::milliseconds kPortCloses{500};

}  // namespace

TemplateMaker::TemplateMaker(TemplateServices& services, TemplateProfile profile, std::string fingerprint, Done done)
    : services_(services), profile_(std::move(profile)), fingerprint_(std::move(fingerprint)), done_(std::move(done)) {}

Result<TemplateMaker::Prepared> TemplateMaker::prepare() const {
  TOBARI_ASSIGN(const ImageFiles image, services_.images.verified(profile_.image));
  if (!image.manifest.instant_clones || image.manifest.agent_channel.empty()) {
    return fail(
        Errc::kInvalidArgument,
        std::format("image \"{}\" cannot be copied while it runs: it does not say \"instant_clones\"", profile_.image));
  }
  Prepared prepared;
  prepared.spec = machine_of(image, profile_, services_.accelerator, services_.vm_user);
  TOBARI_ASSIGN(prepared.draft, services_.store.begin(image.disk, prepared.spec.memory_mib));
  prepared.spec.id = prepared.draft.generation;
  prepared.spec.disk = prepared.draft.disk;
  prepared.spec.shared_ram = prepared.draft.files.ram;
  prepared.spec.agent_socket = services_.agents_dir / (prepared.spec.id.str() + ".sock");
  prepared.spec.clipboard_socket = services_.agents_dir / (prepared.spec.id.str() + ".clip");
  return prepared;
}

void TemplateMaker::start() {
  busy_ = true;
  services_.disk_worker.run([self = shared_from_this()] { return self->prepare(); },
                            [self = shared_from_this()](const Result<Prepared>& prepared) {
                              self->busy_ = false;
                              if (!prepared) return self->fail_with(prepared.error());
                              self->draft_ = prepared->draft;
                              self->vm_ = prepared->spec.id;
                              if (self->failure_) return self->clean_up(*self->failure_);
                              self->power_on(*prepared);
                            });
}

void TemplateMaker::power_on(const Prepared& prepared) {
  busy_ = true;
  auto job = [&hypervisor = services_.hypervisor, spec = prepared.spec]() -> Result<void> {
    TOBARI_TRY(hypervisor.define(spec));
    return hypervisor.start(spec.id);
  };
  services_.hypervisor_worker.run(std::move(job),
                                  [self = shared_from_this(), spec = prepared.spec](const Result<void>& started) {
                                    self->busy_ = false;
                                    if (self->failure_) return self->clean_up(*self->failure_);
                                    if (!started) return self->fail_with(started.error());
                                    self->wait_for_rest(spec);
                                  });
}

void TemplateMaker::wait_for_rest(const DomainSpec& spec) {
  log::info("template boots", {{"template", vm_.str()}, {"image", profile_.image}});
  runs_ = true;
  socket_ = spec.agent_socket;
  patience_ = services_.loop.after(
      services_.ready_within, [this] { fail_with({Errc::kTimeout, "its guest did not come to rest in time", "", 0}); });
  guest_ = std::make_unique<GuestAgent>(
      services_.loop, vm_.str(), socket_,
      GuestOrder{.command = "settle", .line = [] { return guest_settle(); }, .required = true, .when_up = true},
      [this](bool rests) {
        // Later: this is said by the very object that ends with it.
        if (rests && !next_) next_ = services_.loop.after(std::chrono::milliseconds(0), [this] { close_port(); });
      });
}

// A copy's guest is to see its host open it, and to have seen it closed: it throws away what it has not read then, and
// a copy would do that with its first order.
void TemplateMaker::close_port() {
  if (ended() || failure_) return;
  guest_.reset();
  next_ = services_.loop.after(kPortCloses, [this] { freeze(); });
}

void TemplateMaker::freeze() {
  if (ended() || failure_) return;
  patience_.reset();
  runs_ = false;
  busy_ = true;
  auto job = [&hypervisor = services_.hypervisor, id = vm_, file = draft_->files.state]() -> Result<void> {
    TOBARI_TRY(hypervisor.freeze(id, file));
    return hypervisor.undefine(id);
  };
  services_.hypervisor_worker.run(std::move(job), [self = shared_from_this()](const Result<void>& frozen) {
    self->busy_ = false;
    if (self->failure_) return self->clean_up(*self->failure_);
    if (!frozen) return self->fail_with(frozen.error());
    self->seal();
  });
}

void TemplateMaker::seal() {
  busy_ = true;
  auto job = [self = shared_from_this()] {
    ::unlink(self->socket_.c_str());
    return self->services_.store.seal(*self->draft_, self->profile_, self->fingerprint_);
  };
  services_.disk_worker.run(std::move(job), [self = shared_from_this()](Result<FrozenTemplate> frozen) {
    self->busy_ = false;
    if (self->failure_) return self->clean_up(*self->failure_);
    if (!frozen) return self->fail_with(frozen.error());
    std::exchange(self->done_, {})(std::move(frozen));
  });
}

void TemplateMaker::found(bool running) {
  if (runs_ && !running) fail_with({Errc::kIo, "its VM ended by itself", "", 0});
}

void TemplateMaker::give_up() {
  if (ended() || failure_) return;
  fail_with({Errc::kCancelled, "it is not wanted any more", "", 0});
}

void TemplateMaker::fail_with(Error error) {
  if (ended() || failure_) return;
  failure_ = std::move(error);
  patience_.reset();
  runs_ = false;
  // In the middle of something: whoever is at it comes back here.
  if (busy_) return;
  // Not at once: the guest agent may be the one that calls.
  next_ = services_.loop.after(std::chrono::milliseconds(0), [this] { clean_up(*failure_); });
}

void TemplateMaker::clean_up(Error why) {
  guest_.reset();
  busy_ = true;
  auto end_vm = [&hypervisor = services_.hypervisor, id = vm_]() -> Result<void> {
    if (id.empty()) return {};
    TOBARI_TRY(hypervisor.stop(id, StopMode::kNow));
    return hypervisor.undefine(id);
  };
  services_.hypervisor_worker.run(std::move(end_vm), [self = shared_from_this(),
                                                      why = std::move(why)](const Result<void>& gone) {
    if (!gone)
      log::warning("template's VM stays for now", {{"template", self->vm_.str()}, {"reason", gone.error().message}});
    auto remove = [self]() -> Result<void> {
      if (!self->draft_) return {};
      ::unlink(self->socket_.c_str());
      return self->services_.store.remove(self->draft_->generation);
    };
    self->services_.disk_worker.run(std::move(remove), [self, why](const Result<void>& removed) {
      if (!removed) log::warning("half a template stays", {{"reason", removed.error().message}});
      self->busy_ = false;
      if (!self->ended()) std::exchange(self->done_, {})(std::unexpected(why));
    });
  });
}

}  // namespace tobari::vmhost
