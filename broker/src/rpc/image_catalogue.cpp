// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/image_catalogue.h"

#include <algorithm>
#include <format>
#include <utility>

#include <tobari/base/log.h>
#include <tobari/base/random.h>

#include "control/catalogue.h"
#include "core/image_signature.h"
#include "core/names.h"

namespace tobari::broker {
namespace {

constexpr std::size_t kMaxImageDetail = 512;
constexpr std::size_t kMaxFactText = 128;

bool is_version_ref(const std::string& text) {
  const auto ref = parse_image_ref(text);
  return ref.has_value() && ref->version != 0 && is_image_name(ref->name);
}

bool is_image_digest(const std::string& text) { return text.size() == 64 && from_hex(text).has_value(); }

ImageFacts facts_from(const wire::ImageFacts& said) {
  return {.format = said.format().substr(0, kMaxFactText),
          .firmware = said.firmware().substr(0, kMaxFactText),
          .devices = said.devices().substr(0, kMaxFactText),
          .guest = said.guest().substr(0, kMaxFactText),
          .agent = said.agent(),
          .instant_clones = said.instant_clones(),
          .virtual_bytes = said.virtual_bytes(),
          .stored_bytes = said.stored_bytes()};
}

void put_order(const ImageOrder& order, wire::ImageImport& out) {
  out.set_file(order.file);
  out.set_format(order.format);
  out.set_firmware(order.firmware);
  out.set_devices(order.devices);
  out.set_agent(order.agent);
  out.set_drivers(order.drivers);
  out.set_min_memory_mib(order.min_memory_mib);
  out.set_disk_gib(order.disk_gib);
}

AuditDraft draft_of(const ImageVersion& version) {
  const bool ready = version.state != ImageState::kFailed;
  return {.actor = "host/" + version.host_name,
          .action = "image.imported",
          .object = version.ref(),
          .client_address = "",
          .outcome = ready ? Outcome::kDone : Outcome::kFailed,
          .rule = "",
          .detail = ready
                        ? std::format("{} from {}, digest {}", version.facts.format, version.order.file, version.digest)
                        : version.detail};
}

}  // namespace

Result<void> check_images(const wire::ActualState& actual) {
  if (actual.images_size() > kMaxImagesReported) {
    return fail(Errc::kPeerProtocol, "the host reports more images than it may have");
  }
  for (const wire::ActualImage& image : actual.images()) {
    const bool ready = image.state() == wire::ActualImage::READY;
    if (!is_version_ref(image.image()) || (ready && !is_image_digest(image.digest()))) {
      return fail(Errc::kPeerProtocol, "the host reports an impossible image");
    }
  }
  return {};
}

void ImageCatalogue::greeted(const HostId& host, const wire::HostHello& hello) {
  const std::scoped_lock lock(mutex_);
  Known& known = hosts_[host];
  known = {};
  for (const wire::Image& image : hello.images()) {
    if (is_version_ref(image.name())) known.on_disk.insert(image.name());
  }
}

void ImageCatalogue::gone(const HostId& host) {
  const std::scoped_lock lock(mutex_);
  hosts_.erase(host);
}

std::set<std::string> ImageCatalogue::on_disk(const HostId& host) const {
  const std::scoped_lock lock(mutex_);
  const auto at = hosts_.find(host);
  if (at == hosts_.end()) return {};
  std::set<std::string> found = at->second.on_disk;
  for (const auto& [ref, image] : at->second.images) {
    if (image.state == wire::ActualImage::GONE) {
      found.erase(ref);
    } else {
      found.insert(ref);
    }
  }
  return found;
}

Result<bool> ImageCatalogue::reported(const HostId& host, const wire::ActualState& actual) {
  TOBARI_TRY(check_images(actual));
  std::vector<wire::ActualImage> ended;
  {
    const std::scoped_lock lock(mutex_);
    Known& known = hosts_[host];
    std::map<std::string, ImageOnHost> images;
    for (const wire::ActualImage& image : actual.images()) {
      const auto before = known.images.find(image.image());
      const bool over = image.state() == wire::ActualImage::READY || image.state() == wire::ActualImage::FAILED;
      const bool news = before == known.images.end() || before->second.state != image.state();
      if (over && news) ended.push_back(image);
      images[image.image()] = {.host = host,
                               .state = image.state(),
                               .detail = image.detail().substr(0, kMaxImageDetail),
                               .digest = image.digest(),
                               .permille = std::min(image.permille(), 1000U),
                               .verified = image.verified()};
    }
    known.images = std::move(images);
  }
  return follow(host, ended);
}

// A database that is away is no reason to end a host's line.
bool ImageCatalogue::follow(const HostId& host, const std::vector<wire::ActualImage>& ended) {
  bool changed = false;
  for (const wire::ActualImage& image : ended) {
    const auto taken = take_over(host, image);
    if (taken.has_value()) {
      changed = changed || *taken;
      continue;
    }
    log::warning("what a host says of an image is looked at again later",
                 {{"host", host.str()}, {"image", image.image()}, {"why", describe(taken.error())}});
    const std::scoped_lock lock(mutex_);
    const auto at = hosts_.find(host);
    if (at != hosts_.end()) at->second.late.insert_or_assign(image.image(), image);
  }
  return changed;
}

bool ImageCatalogue::look_again() {
  std::map<HostId, std::vector<wire::ActualImage>> late;
  {
    const std::scoped_lock lock(mutex_);
    for (auto& [host, known] : hosts_) {
      for (auto& [ref, image] : known.late) late[host].push_back(std::move(image));
      known.late.clear();
    }
  }
  bool changed = false;
  for (const auto& [host, images] : late) changed = follow(host, images) || changed;
  return changed;
}

Result<bool> ImageCatalogue::take_over(const HostId& host, const wire::ActualImage& image) {
  const auto ref = parse_image_ref(image.image()).value_or(ImageRef{});
  const auto stored = store_.get([&ref](const Reader& reader) { return reader.image_version(ref.name, ref.version); });
  if (!stored.has_value()) {
    if (stored.error().code == Errc::kNotFound) return false;
    return std::unexpected<Error>(stored.error());
  }
  if (stored->state != ImageState::kImporting || stored->host != host) return false;
  const bool ready = image.state() == wire::ActualImage::READY;
  const control::Imported imported{.host = host,
                                   .image = ref.name,
                                   .version = ref.version,
                                   .digest = ready ? image.digest() : "",
                                   .facts = facts_from(image.facts()),
                                   .detail = image.detail().substr(0, kMaxImageDetail)};
  bool changed = false;
  auto done = store_.transact([this, &imported, &changed](Writer& writer) -> Result<void> {
    TOBARI_ASSIGN(changed, control::finish_import(writer, imported,
                                                  [this](ImageVersion& version) { sign_image(signer_, version); }));
    if (!changed) return {};
    TOBARI_ASSIGN(const ImageVersion version, writer.image_version(imported.image, imported.version));
    return writer.add_record(draft_of(version));
  });
  TOBARI_TRY(std::move(done));
  return changed;
}

Result<void> ImageCatalogue::check_signature(const ImageVersion& version) const {
  const std::string what =
      std::format("{} {} {} {}", version.ref(), version.digest, version.signature, version.signed_by);
  {
    const std::scoped_lock lock(mutex_);
    if (genuine_.contains(what)) return {};
  }
  TOBARI_TRY(verify_image(version, signer_.public_key()));
  const std::scoped_lock lock(mutex_);
  if (genuine_.size() >= kMaxGenuineKept) genuine_.clear();
  genuine_.insert(what);
  return {};
}

Result<void> ImageCatalogue::fill(const Reader& reader, const HostId& host, wire::DesiredImages& images) const {
  TOBARI_ASSIGN(const auto versions, reader.image_versions(""));
  const std::set<std::string> there = on_disk(host);
  for (const ImageVersion& version : versions) {
    const bool importing = version.state == ImageState::kImporting;
    const bool leaving = version.state == ImageState::kRetired || version.state == ImageState::kFailed;
    if ((importing && version.host != host) || (leaving && !there.contains(version.ref()))) continue;
    if (images.images_size() >= kMaxImagesReported) break;
    if (!importing && !leaving) {
      if (const auto genuine = check_signature(version); !genuine.has_value()) {
        log::error("image is not given to hosts", {{"image", version.ref()}, {"why", genuine.error().message}});
        continue;
      }
    }
    wire::DesiredImage& out = *images.add_images();
    out.set_image(version.ref());
    out.set_digest(version.digest);
    out.set_retired(leaving);
    out.set_verify(version.verify);
    if (importing) put_order(version.order, *out.mutable_order());
  }
  return {};
}

std::vector<ImageOnHost> ImageCatalogue::where(const std::string& ref) const {
  std::vector<ImageOnHost> found;
  const std::scoped_lock lock(mutex_);
  for (const auto& [host, known] : hosts_) {
    const auto at = known.images.find(ref);
    if (at != known.images.end()) found.push_back(at->second);
  }
  return found;
}

}  // namespace tobari::broker
