// SPDX-License-Identifier: GPL-3.0-or-later
// A guest image as small as one can be: right in everything that the host checks. The kernel spins at once.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <format>
#include <string>

#include <gtest/gtest.h>

#include "host/files.h"
#include "temp_dir.h"

namespace tobari::vmhost {

class TestImage {
 public:
  explicit TestImage(std::string agent_channel = {}, bool instant_clones = false)
      : agent_channel_(std::move(agent_channel)), instant_clones_(instant_clones) {
    dir_.write("images/test/kernel", kernel());
    // By itself: an RDP client in this process may have narrowed the umask.
    namespace fs = std::filesystem;
    for (const char* folder : {"images", "images/test"}) fs::permissions(dir_ / folder, fs::perms{0755});
    fs::permissions(dir_ / "images/test/kernel", fs::perms{0644});
    make_disk("", "8M");
    write_manifest();
  }

  [[nodiscard]] const TempDir& dir() const { return dir_; }
  [[nodiscard]] std::filesystem::path images() const { return dir_ / "images"; }

  void make_disk(const std::string& options, const std::string& size) {
    const std::string path = images() / "test/disk.qcow2";
    const std::string command =
        std::format("qemu-img create -q -f qcow2 {} {} {} && chmod 644 {}", options, path, size, path);
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }
  void write_manifest() {
    const auto sum = [this](const char* name) { return *sha256_hex_of_file(images() / "test" / name); };
    dir_.write("images/test/manifest.json",
               std::format(R"({{"kernel":"kernel","disk":"disk.qcow2","cmdline":"quiet","agent_channel":"{}",)"
                           R"("instant_clones":{},"sha256":{{"kernel":"{}","disk.qcow2":"{}"}}}})",
                           agent_channel_, instant_clones_, sum("kernel"), sum("disk.qcow2")));
  }

 private:
  // The least of Linux' boot protocol 2.0: the firmware accepts it and jumps to an endless loop.
  static std::string kernel() {
    std::string image(2048, '\xf4');
    image[0x1f1] = 1;  // one setup sector
    image.replace(0x1fe, 2, "\x55\xaa");
    image.replace(0x200, 2, "\xeb\xfe");
    image.replace(0x202, 4, "HdrS");
    image.replace(0x206, 2, std::string("\x00\x02", 2));
    return image;
  }

  TempDir dir_;
  std::string agent_channel_;
  bool instant_clones_;
};

}  // namespace tobari::vmhost
