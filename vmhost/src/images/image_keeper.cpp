// SPDX-License-Identifier: GPL-3.0-or-later
#include "images/image_keeper.h"

#include <algorithm>
#include <format>
#include <set>
#include <utility>
#include <vector>

#include <tobari/base/image_ref.h>
#include <tobari/base/log.h>

#include "core/clean_text.h"
#include "images/image_room.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxDetail = 400;
constexpr std::uint32_t kMostDoublings = 8;

bool is_catalogue_version(const std::string& text) {
  const auto ref = parse_image_ref(text);
  return ref.has_value() && ref->version != 0 && is_image_reference(text);
}

// Errors that the same order meets again, whenever it is tried.
bool stays_wrong(Errc code) {
  return code == Errc::kInvalidArgument || code == Errc::kNotFound || code == Errc::kExhausted ||
         code == Errc::kUnavailable || code == Errc::kPermissionDenied || code == Errc::kTimeout;
}

// Whether a desktop's disk or a template's stands on a file of this version, or a container on what it holds.
Result<bool> is_stood_on(const ImageServices& services, const std::string& ref) {
  const fs::path folder = services.folders.folder_of(ref);
  const auto manifest = services.images.manifest(ref);
  if (manifest && manifest->machine == MachineKind::kContainer) {
    if (services.containers == nullptr) return false;
    return services.containers->is_used(manifest->sha256.at(manifest->root));
  }
  TOBARI_ASSIGN(std::set<fs::path> bases, services.disks.bases());
  std::error_code error;
  for (fs::directory_iterator at(services.templates_dir, error), end; !error && at != end; at.increment(error)) {
    if (!at->is_directory(error)) continue;
    TOBARI_ASSIGN(const auto more, DiskStore(at->path(), std::nullopt).bases());
    bases.insert(more.begin(), more.end());
  }
  return std::ranges::any_of(bases, [&folder](const fs::path& base) { return base.parent_path() == folder; });
}

void put_use(wire::StorageUse& out, const RoomUse& use, const RoomRules& rules, const fs::path& folder) {
  out.set_capacity(use.capacity_bytes);
  out.set_free(use.free_bytes);
  out.set_used(use.used_bytes);
  out.set_promised(use.promised_bytes);
  out.set_quota(rules.quota_bytes);
  out.set_no_room(why_no_room(folder.string(), rules, use));
}

bool differs(const wire::StorageUse& now, const wire::StorageUse& said) {
  const auto apart = [](std::uint64_t a, std::uint64_t b) { return a > b ? a - b : b - a; };
  return now.no_room() != said.no_room() || now.capacity() != said.capacity() ||
         apart(now.free(), said.free()) > now.capacity() / 50;
}

}  // namespace

ImageKeeper::ImageKeeper(ImageServices services, Times times) : services_(std::move(services)), times_(times) {
  look_at_storage();
}

void ImageKeeper::stop() {
  stopped_ = true;
  if (job_) job_->cancel();
}

void ImageKeeper::changed() const {
  if (changed_) changed_();
}

// ---- what should be

void ImageKeeper::want(const wire::DesiredImages& wanted) {
  std::map<std::string, Slot> slots;
  std::vector<std::string> made_known;  // imported here, and now of the catalogue
  for (const wire::DesiredImage& each : wanted.images()) {
    if (!is_catalogue_version(each.image()) || (!each.digest().empty() && !is_sha256(each.digest())) ||
        slots.size() >= std::size_t{kMaxWantedImages}) {
      log::warning("image in the desired state is left alone: it is malformed, or there are too many",
                   {{"image", each.image().substr(0, kMaxImageRefBytes)}});
      continue;
    }
    auto before = slots_.extract(each.image());
    Slot& slot = before ? slots.insert(std::move(before)).position->second : slots[each.image()];
    // The broker has another order now: what came of the one before does not matter.
    const bool same = slot.wanted.digest() == each.digest() && slot.wanted.retired() == each.retired() &&
                      slot.wanted.has_order() == each.has_order();
    const bool known = slot.state == wire::ActualImage::READY && slot.digest == each.digest() && !each.retired();
    if (known && slot.wanted.digest().empty()) made_known.push_back(each.image());
    slot.wanted = each;
    if (same || known) continue;
    slot.state = wire::ActualImage::WAITING;
    slot.detail.clear();
    slot.failures = 0;
    slot.rest_until = {};
  }
  // What is not named any more is left as it is, and not thought of.
  slots_ = std::move(slots);
  if (job_ && (!slots_.contains(busy_with_) || slots_.at(busy_with_).wanted.retired())) job_->cancel();
  expect_digests();
  for (const std::string& ref : made_known) settle(ref, false);
  // Later: whoever is told of changes is in the middle of one.
  step_timer_ = services_.loop.after(std::chrono::milliseconds(0), [this] { step(); });
}

void ImageKeeper::expect_digests() {
  std::map<std::string, std::string> digests;
  for (const auto& [ref, slot] : slots_) {
    if (!slot.wanted.digest().empty() && slot.spoiled.empty()) digests.emplace(ref, slot.wanted.digest());
  }
  services_.images.expect(std::move(digests));
}

// ---- one job after the other

void ImageKeeper::step() {
  if (stopped_ || job_) return;
  if (!std::exchange(cleaned_, true)) {
    services_.worker.run([&folders = services_.folders] { return folders.clean_up(); },
                         [](const Result<void>& done) {
                           if (!done) log::warning("half-made images stay", {{"reason", done.error().message}});
                         });
  }
  const auto now = Loop::Steady::now();
  std::optional<Loop::Steady::time_point> next;
  for (auto& [ref, slot] : slots_) {
    if (now < slot.rest_until) {
      next = std::min(next.value_or(slot.rest_until), slot.rest_until);
    } else if (begin(ref, slot)) {
      return;
    }
  }
  if (!next) return;
  const auto pause = std::chrono::ceil<std::chrono::milliseconds>(*next - now);
  step_timer_ = services_.loop.after(pause, [this] { step(); });
}

bool ImageKeeper::begin(const std::string& ref, Slot& slot) {
  const bool idle = slot.state == wire::ActualImage::WAITING;
  if (slot.wanted.retired()) {
    if (idle) remove_version(ref, slot);
    return idle;
  }
  if (idle && slot.wanted.has_order() && slot.wanted.digest().empty()) {
    import_version(ref, slot);
    return true;
  }
  if (idle && !slot.wanted.digest().empty()) {
    copy_version(ref, slot);
    return true;
  }
  if (slot.state == wire::ActualImage::READY && slot.wanted.verify() > slot.verified) {
    verify_version(ref, slot);
    return true;
  }
  if (slot.state != wire::ActualImage::FAILED || slot.spoiled.empty()) return false;
  copy_version(ref, slot);
  return true;
}

template <class T>
void ImageKeeper::run(const std::string& ref, State meanwhile, std::function<Result<T>(ImageJob&)> job,
                      std::function<void(Slot&, const Result<T>&)> then) {
  job_ = std::make_shared<ImageJob>();
  busy_with_ = ref;
  slots_.at(ref).state = meanwhile;
  said_permille_ = 0;
  services_.worker.run([job = std::move(job), own = job_] { return job(*own); },
                       [this, ref, then = std::move(then)](const Result<T>& done) {
                         job_.reset();
                         progress_timer_.reset();
                         const auto slot = slots_.find(ref);
                         if (slot != slots_.end()) {
                           slot->second.state = wire::ActualImage::WAITING;
                           slot->second.detail.clear();
                           const bool other = !done && done.error().code == Errc::kCancelled;
                           if (!other) then(slot->second, done);
                         }
                         expect_digests();
                         changed();
                         step();
                       });
  follow_progress();
  changed();
}

void ImageKeeper::follow_progress() {
  progress_timer_ = services_.loop.after(times_.progress_every, [this] {
    if (!job_) return;
    const std::uint32_t now = job_->seen().permille;
    if (std::exchange(said_permille_, now) != now) changed();
    follow_progress();
  });
}

// What may work later is tried again, less and less often.
void ImageKeeper::failed(Slot& slot, const Error& error, bool for_good) {
  slot.detail = clean_text(slot.spoiled.empty() ? error.message : slot.spoiled + "; " + error.message, kMaxDetail);
  slot.state = for_good ? wire::ActualImage::FAILED : wire::ActualImage::WAITING;
  log::warning("image is not made ready", {{"image", slot.wanted.image()}, {"reason", describe(error)}});
  const auto pause = times_.again_first * (1U << std::min(slot.failures++, kMostDoublings));
  slot.rest_until = Loop::Steady::now() + std::min<std::chrono::milliseconds>(pause, times_.again_most);
}

// Files of gigabytes whose digests were computed a moment ago are not read again; what containers are made of is
// unpacked before somebody waits for one.
void ImageKeeper::settle(const std::string& ref, bool just_made) {
  auto job = [&images = services_.images, containers = services_.containers, ref, just_made]() -> Result<void> {
    if (just_made) TOBARI_TRY(images.trust(ref));
    if (containers == nullptr) return {};
    TOBARI_ASSIGN(const ImageManifest manifest, images.manifest(ref));
    if (manifest.machine != MachineKind::kContainer) return {};
    TOBARI_ASSIGN(const ImageFiles files, images.verified(ref));
    TOBARI_TRY(containers->base(files));
    return {};
  };
  services_.disk_worker.run(std::move(job), [ref](const Result<void>& done) {
    // Not found: the catalogue does not have it yet.
    if (done || done.error().code == Errc::kNotFound) return;
    log::warning("image is not unpacked before it is used", {{"image", ref}, {"reason", describe(done.error())}});
  });
}

bool ImageKeeper::runs_here(const std::string& ref) const {
  if (services_.containers != nullptr) return true;
  const auto manifest = services_.images.manifest(ref);
  return !manifest || manifest->machine != MachineKind::kContainer;
}

void ImageKeeper::import_version(const std::string& ref, Slot& slot) {
  struct Imported {
    wire::ImageFacts facts;
    std::string digest;
    bool just_made = false;
  };
  auto job = [this, ref, order = slot.wanted.order()](ImageJob& own) -> Result<Imported> {
    const bool was_there = services_.folders.digest_of(ref).has_value();
    TOBARI_ASSIGN(wire::ImageFacts facts, services_.importer.run(ref, order, own));
    TOBARI_ASSIGN(std::string digest, services_.folders.digest_of(ref));
    return Imported{std::move(facts), std::move(digest), !was_there};
  };
  auto then = [this, ref](Slot& done, const Result<Imported>& imported) {
    if (!imported) return failed(done, imported.error(), stays_wrong(imported.error().code));
    done.state = wire::ActualImage::READY;
    done.digest = imported->digest;
    done.facts = imported->facts;
    done.elsewhere = !runs_here(ref);
    settle(ref, imported->just_made);
  };
  run<Imported>(ref, wire::ActualImage::IMPORTING, std::move(job), std::move(then));
}

void ImageKeeper::copy_version(const std::string& ref, Slot& slot) {
  auto job = [this, ref, digest = slot.wanted.digest(), anew = !slot.spoiled.empty()](ImageJob& own) {
    return services_.copy.run(ref, digest, own, anew);
  };
  auto then = [this, ref](Slot& done, const Result<bool>& copied) {
    if (!copied) return failed(done, copied.error(), /*for_good=*/!done.spoiled.empty());
    done.state = wire::ActualImage::READY;
    done.spoiled.clear();
    done.digest = done.wanted.digest();
    done.failures = 0;
    done.elsewhere = !runs_here(ref);
    if (!*copied) done.verified = services_.folders.verified_number(ref);
    settle(ref, *copied);
  };
  run<bool>(ref, wire::ActualImage::COPYING, std::move(job), std::move(then));
}

void ImageKeeper::verify_version(const std::string& ref, Slot& slot) {
  const std::uint32_t number = slot.wanted.verify();
  auto job = [this, ref, digest = slot.wanted.digest(), number](ImageJob& own) -> Result<void> {
    own.say("its files are being read again", 0);
    TOBARI_TRY(services_.folders.verify(ref, digest, own));
    services_.folders.note_verified(ref, number);
    return {};
  };
  auto then = [number](Slot& done, const Result<void>& verified) {
    done.verified = number;
    done.state = wire::ActualImage::READY;
    if (verified) return;
    // Another host may have it as it should be.
    done.state = wire::ActualImage::FAILED;
    done.spoiled = done.detail = clean_text(verified.error().message, kMaxDetail);
    log::error("image was changed on disk", {{"image", done.wanted.image()}, {"reason", describe(verified.error())}});
  };
  run<void>(ref, wire::ActualImage::READY, std::move(job), std::move(then));
}

void ImageKeeper::remove_version(const std::string& ref, Slot&) {
  auto job = [this, ref](ImageJob&) -> Result<void> {
    TOBARI_ASSIGN(const bool used, is_stood_on(services_, ref));
    if (used) return fail(Errc::kAlreadyExists, "desktops that were made from it are still here");
    return services_.folders.remove(ref);
  };
  auto then = [this](Slot& done, const Result<void>& removed) {
    if (!removed) return failed(done, removed.error(), /*for_good=*/false);
    done.state = wire::ActualImage::GONE;
    log::info("image removed", {{"image", done.wanted.image()}});
  };
  run<void>(ref, wire::ActualImage::WAITING, std::move(job), std::move(then));
}

// ---- what is

void ImageKeeper::report(wire::ActualState& actual) const {
  for (const auto& [ref, slot] : slots_) {
    wire::ActualImage& out = *actual.add_images();
    out.set_image(ref);
    out.set_state(slot.state);
    out.set_detail(slot.detail);
    if (slot.state == wire::ActualImage::READY) out.set_digest(slot.digest);
    out.set_elsewhere(slot.elsewhere);
    if (slot.facts) *out.mutable_facts() = *slot.facts;
    out.set_verified(slot.verified);
    if (!job_ || ref != busy_with_) continue;
    const ImageJob::Seen seen = job_->seen();
    out.set_detail(seen.doing);
    out.set_permille(seen.permille);
  }
  *actual.mutable_storage() = storage_;
}

void ImageKeeper::look_at_storage() {
  struct Uses {
    Result<RoomUse> images;
    Result<RoomUse> disks;
  };
  auto job = [this] { return Uses{images_room(services_.folders.images_dir()), services_.disks.use()}; };
  services_.reader.run(std::move(job), [this](const Uses& uses) {
    wire::HostStorage storage;
    if (uses.images) {
      put_use(*storage.mutable_images(), *uses.images, services_.images_rules, services_.folders.images_dir());
    }
    if (uses.disks) {
      put_use(*storage.mutable_disks(), *uses.disks, services_.disks.rules(), services_.disks.folder());
    }
    const bool other = !storage_.has_images() || differs(storage.images(), storage_.images()) ||
                       differs(storage.disks(), storage_.disks());
    // Not every little: the whole state is sent with it.
    if (other) storage_ = std::move(storage);
    if (other) changed();
    storage_timer_ = services_.loop.after(times_.storage_every, [this] { look_at_storage(); });
  });
}

void ImageKeeper::read_part(const wire::ReadImagePart& request,
                            std::function<void(const Result<ImagePartBytes>&)> then) {
  auto job = [dir = services_.folders.images_dir(), request] {
    return read_image_part(dir, request.image(), request.file(), request.offset(), request.most());
  };
  services_.reader.run(std::move(job), std::move(then));
}

}  // namespace tobari::vmhost
