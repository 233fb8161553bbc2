// SPDX-License-Identifier: GPL-3.0-or-later
// Everything that keeps a host's images, put together. Loop thread.
#pragma once

#include <filesystem>
#include <memory>

#include "host/disk_store.h"
#include "host/image_store.h"
#include "host/loop.h"
#include "host/worker.h"
#include "images/disk_converter.h"
#include "images/image_folders.h"
#include "images/image_import.h"
#include "images/image_keeper.h"
#include "images/image_parts.h"

namespace tobari::vmhost {

class HostImages {
 public:
  struct Options {
    std::filesystem::path images_dir;
    std::filesystem::path imports_dir;  // empty: this host imports nothing
    std::filesystem::path templates_dir;
    RoomRules rules{};
    ImageKeeper::Times times{};
  };
  // What other parts of the host have; outlives this.
  struct Beside {
    Loop& loop;
    Worker& disk_worker;
    ImageStore& images;
    const DiskStore& disks;
    ContainerStore* containers = nullptr;  // null: this host runs none
  };

  HostImages(const Options& options, const Beside& beside, std::unique_ptr<DiskConverter> converter,
             std::unique_ptr<PartSource> parts);

  [[nodiscard]] ImageKeeper& keeper() noexcept { return keeper_; }
  // Ends what is under way; returns when nothing of it runs any more. What it has posted to the loop must not be run
  // afterwards.
  void stop();

 private:
  const std::unique_ptr<DiskConverter> converter_;
  const std::unique_ptr<PartSource> parts_;
  const ImageFolders folders_;
  ImageImport import_;
  ImageCopy copy_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<Worker> reader_;
  ImageKeeper keeper_;
};

}  // namespace tobari::vmhost
