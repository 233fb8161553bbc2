// SPDX-License-Identifier: GPL-3.0-or-later
// Between the catalogue in the database and the hosts that are connected: what each shall have, what each has, what its
// imports came to. What is known of hosts is kept in memory only; they say it again. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>
#include <tobari/host.pb.h>

#include "core/audit_head.h"
#include "store/state_store.h"

namespace tobari::broker {

inline constexpr int kMaxImagesReported = 256;
inline constexpr std::size_t kMaxGenuineKept = 1024;

// What a host says of one version.
struct ImageOnHost {
  HostId host;
  wire::ActualImage::State state = wire::ActualImage::STATE_UNSPECIFIED;
  std::string detail{};
  std::string digest{};
  std::uint32_t permille = 0;
  std::uint32_t verified = 0;
};

class ImageCatalogue {
 public:
  ImageCatalogue(StateStore& store, const HeadSigner& signer) : store_(store), signer_(signer) {}

  // ---- from the registry of hosts
  void greeted(const HostId& host, const wire::HostHello& hello);
  // True: what all hosts shall do has changed.
  [[nodiscard]] Result<bool> reported(const HostId& host, const wire::ActualState& actual);
  void gone(const HostId& host);
  // What could not be stored when a host said it. True: what all hosts shall do has changed.
  [[nodiscard]] bool look_again();
  // Into what this host is told. What is not signed by this deployment is left out, with a line in the log.
  [[nodiscard]] Result<void> fill(const Reader& reader, const HostId& host, wire::DesiredImages& images) const;

  // ---- for people
  [[nodiscard]] std::vector<ImageOnHost> where(const std::string& ref) const;
  [[nodiscard]] const std::string& key() const noexcept { return signer_.public_key(); }

 private:
  struct Known {
    std::set<std::string> on_disk;  // versions that it said to have when it attached
    std::map<std::string, ImageOnHost> images;
    std::map<std::string, wire::ActualImage> late;  // to be looked at again
  };
  [[nodiscard]] bool follow(const HostId& host, const std::vector<wire::ActualImage>& ended);
  [[nodiscard]] Result<bool> take_over(const HostId& host, const wire::ActualImage& image);
  [[nodiscard]] Result<void> check_signature(const ImageVersion& version) const;
  [[nodiscard]] std::set<std::string> on_disk(const HostId& host) const;

  StateStore& store_;
  const HeadSigner& signer_;
  mutable std::mutex mutex_;
  std::map<HostId, Known> hosts_;
  mutable std::set<std::string> genuine_;  // signatures that were found to hold: they are looked at with every order
};

// Not more than may be passed on, and of a kind that may be stored.
[[nodiscard]] Result<void> check_images(const wire::ActualState& actual);

}  // namespace tobari::broker
