// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps the versions of images on this host that the broker says: imports, copies from other hosts, verifies, removes.
// One job at a time, on a worker of its own; says how far it is. Loop thread. Outlives nothing: its workers end first.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <tobari/base/result.h>

#include "host/container_store.h"
#include "host/disk_store.h"
#include "host/image_store.h"
#include "host/loop.h"
#include "host/worker.h"
#include "images/image_folders.h"
#include "images/image_import.h"
#include "images/image_job.h"
#include "images/image_parts.h"
#include "tobari/host.pb.h"

namespace tobari::vmhost {

struct ImageServices {
  Loop& loop;
  Worker& worker;       // for what takes minutes
  Worker& reader;       // for pieces that other hosts copy, and looking how full disks are
  Worker& disk_worker;  // the ImageStore's
  ImageStore& images;
  const DiskStore& disks;
  const ImageFolders& folders;
  ImageImport& importer;
  ImageCopy& copy;
  std::filesystem::path templates_dir;
  RoomRules images_rules{};
  ContainerStore* containers = nullptr;  // null: this host runs none
};

class ImageKeeper {
 public:
  static constexpr int kMaxWantedImages = 256;  // host.proto

  struct Times {
    std::chrono::milliseconds progress_every = std::chrono::seconds(2);
    std::chrono::milliseconds storage_every = std::chrono::seconds(30);
    std::chrono::milliseconds again_first = std::chrono::seconds(2);  // what failed and may work later
    std::chrono::milliseconds again_most = std::chrono::minutes(5);
  };

  ImageKeeper(ImageServices services, Times times);
  ~ImageKeeper() { stop(); }
  ImageKeeper(const ImageKeeper&) = delete;
  ImageKeeper& operator=(const ImageKeeper&) = delete;

  void set_changed(std::function<void()> changed) { changed_ = std::move(changed); }
  void want(const wire::DesiredImages& wanted);
  void report(wire::ActualState& actual) const;
  void read_part(const wire::ReadImagePart& request, std::function<void(const Result<ImagePartBytes>&)> then);
  // The job under way ends soon, and nothing begins any more.
  void stop();

 private:
  using State = wire::ActualImage::State;
  struct Slot {
    wire::DesiredImage wanted;
    State state = wire::ActualImage::WAITING;
    std::string detail;
    std::string digest;
    std::optional<wire::ImageFacts> facts;
    std::uint32_t verified = 0;
    std::string spoiled{};   // why its files are not to be used, though their manifest is right; empty: they are
    bool elsewhere = false;  // READY, but no desktop of it runs on this host
    std::uint32_t failures = 0;
    Loop::Steady::time_point rest_until;
  };

  void step();
  [[nodiscard]] bool begin(const std::string& ref, Slot& slot);
  void import_version(const std::string& ref, Slot& slot);
  void copy_version(const std::string& ref, Slot& slot);
  void verify_version(const std::string& ref, Slot& slot);
  void remove_version(const std::string& ref, Slot& slot);
  template <class T>
  void run(const std::string& ref, State meanwhile, std::function<Result<T>(ImageJob&)> job,
           std::function<void(Slot&, const Result<T>&)> then);
  void settle(const std::string& ref, bool just_made);
  [[nodiscard]] bool runs_here(const std::string& ref) const;
  void failed(Slot& slot, const Error& error, bool for_good);
  void expect_digests();
  void look_at_storage();
  void follow_progress();
  void changed() const;

  ImageServices services_;
  const Times times_;
  std::function<void()> changed_;
  std::map<std::string, Slot> slots_;
  wire::HostStorage storage_;
  bool cleaned_ = false;
  bool stopped_ = false;
  std::string busy_with_;
  std::shared_ptr<ImageJob> job_;  // null: none is under way
  std::uint32_t said_permille_ = 0;
  Loop::Handle progress_timer_;
  Loop::Handle step_timer_;
  Loop::Handle storage_timer_;
};

}  // namespace tobari::vmhost
