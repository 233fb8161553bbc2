// SPDX-License-Identifier: GPL-3.0-or-later
#include "images/host_images.h"

#include <utility>

namespace tobari::vmhost {

HostImages::HostImages(const Options& options, const Beside& beside, std::unique_ptr<DiskConverter> converter,
                       std::unique_ptr<PartSource> parts)
    : converter_(std::move(converter)),
      parts_(std::move(parts)),
      folders_(options.images_dir),
      import_(ImportPlaces{options.imports_dir, options.rules}, folders_, *converter_),
      copy_(folders_, *parts_, options.rules),
      worker_(std::make_unique<Worker>(beside.loop)),
      reader_(std::make_unique<Worker>(beside.loop)),
      keeper_(ImageServices{.loop = beside.loop,
                            .worker = *worker_,
                            .reader = *reader_,
                            .disk_worker = beside.disk_worker,
                            .images = beside.images,
                            .disks = beside.disks,
                            .folders = folders_,
                            .importer = import_,
                            .copy = copy_,
                            .templates_dir = options.templates_dir,
                            .images_rules = options.rules,
                            .containers = beside.containers},
              options.times) {}

void HostImages::stop() {
  keeper_.stop();
  worker_.reset();
  reader_.reset();
}

}  // namespace tobari::vmhost
