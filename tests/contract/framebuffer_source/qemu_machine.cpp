// SPDX-License-Identifier: GPL-3.0-or-later
#include "contract/framebuffer_source/qemu_machine.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <format>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include <sys/socket.h>

namespace tobari::display {
namespace {

constexpr std::size_t kDiskBytes = 16U << 20;  // sparse; the BIOS does not boot from much smaller ones

// Real mode: set a video mode, then print every key that the BIOS reads.
std::string boot_sector(QemuMachine::Screen screen, QemuMachine::Sound sound) {
  // ax=0003 int 10; ax=0100 cx=2000 int 10: no cursor, which blinks and so makes two pictures of one.
  const std::string text_mode("\xB8\x03\x00\xCD\x10\xB8\x00\x01\xB9\x00\x20\xCD\x10", 13);
  const std::string vesa_mode("\xB8\x02\x4F\xBB\x44\x41\xCD\x10", 8);  // ax=4f02 bx=4144 int 10: 1024x768, 32 bit
  const std::string echo(
      "\xB8\x3E\x0E\xBB\x0F\x00\xCD\x10"  // ax=0e3e bx=000f int 10: '>' says that we are ready
      "\xB4\x00\xCD\x16"                  // ah=00 int 16: wait for a key
      "\xB4\x0E\xBB\x0F\x00\xCD\x10"      // ah=0e bx=000f int 10: print it
      "\xEB\xF3",                         // and again
      21);
  // The timer's third channel as a square wave of 1193182 / 1193 Hz, and its way to the speaker opened.
  const std::string speaker(
      "\xB0\xB6\xE6\x43"           // al=b6 out 43: channel 2, both octets, mode 3
      "\xB8\xA9\x04"               // ax=04a9: 1193
      "\xE6\x42\x88\xE0\xE6\x42"   // out 42, al; mov al, ah; out 42, al
      "\xE4\x61\x0C\x03\xE6\x61",  // in al, 61; or al, 3; out 61, al
      19);
  const bool plays = sound == QemuMachine::Sound::kSpeaker;
  std::string sector = (screen == QemuMachine::Screen::kShared ? text_mode : vesa_mode) + (plays ? speaker : "") + echo;
  sector.resize(510, '\0');
  sector += "\x55\xAA";
  return sector;
}

}  // namespace

QemuMachine::QemuMachine(Child child, UniqueFd qmp, std::string folder)
    : child_(std::move(child)), qmp_(std::move(qmp)), folder_(std::move(folder)) {}

QemuMachine::~QemuMachine() {
  child_.kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Result<std::unique_ptr<QemuMachine>> QemuMachine::start(Screen screen, Sound sound) {
  std::string folder = (std::filesystem::temp_directory_path() / "tobari-qemu-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return fail_errno(errno, "make a folder for the machine");
  const std::string disk = folder + "/disk";
  std::ofstream(disk, std::ios::binary) << boot_sector(screen, sound);
  std::filesystem::resize_file(disk, kDiskBytes);
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) return fail_errno(errno, "make a socket");
  UniqueFd ours(pair[0]);
  const UniqueFd theirs(pair[1]);
  const bool shared = screen == Screen::kShared;
  const bool plays = sound == Sound::kSpeaker;
  TOBARI_ASSIGN(Child child, Child::start({"qemu-system-x86_64",
                                           "-nodefaults",
                                           "-no-user-config",
                                           "-accel",
                                           "tcg",
                                           "-machine",
                                           plays ? "q35,pcspk-audiodev=sound" : "q35",
                                           "-audiodev",
                                           "dbus,id=sound,out.frequency=48000,out.channels=2,out.format=s16",
                                           "-m",
                                           "64",
                                           "-device",
                                           shared ? "virtio-vga,max_outputs=2" : "VGA",
                                           "-device",
                                           "virtio-keyboard-pci",
                                           "-device",
                                           "virtio-tablet-pci",
                                           "-display",
                                           plays ? "dbus,p2p=on,audiodev=sound" : "dbus,p2p=on",
                                           "-drive",
                                           "file=" + disk + ",format=raw",
                                           "-chardev",
                                           std::format("socket,id=qmp,fd={}", theirs.get()),
                                           "-mon",
                                           "chardev=qmp,mode=control"},
                                          theirs.get()));
  std::unique_ptr<QemuMachine> machine(new QemuMachine(std::move(child), std::move(ours), folder));
  TOBARI_TRY(machine->qmp(R"({"execute":"qmp_capabilities"})"));
  TOBARI_TRY(machine->wait_until_ready(shared ? Size{720, 400} : Size{1024, 768}));
  return machine;
}

// Ready is: the boot sector's video mode, and its '>' in the first cell with nothing beside it.
Result<void> QemuMachine::wait_until_ready(Size size) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < deadline) {
    TOBARI_ASSIGN(const Picture picture, screendump());
    if (picture.size != size) continue;
    const auto lit = [&picture](int left, int right) {
      long count = 0;
      for (int y = 0; y < 12; ++y) {
        for (int x = left; x < right; ++x) count += picture.at(x, y) != 0 ? 1 : 0;
      }
      return count;
    };
    if (lit(0, 8) > 5 && lit(18, size.width) == 0) return {};
  }
  return fail(Errc::kTimeout, "the boot sector does not run");
}

Result<std::string> QemuMachine::qmp(const std::string& command, int fd) {
  iovec data{const_cast<char*>(command.data()), command.size()};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (fd >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  if (sendmsg(qmp_.get(), &message, MSG_NOSIGNAL) < 0) return fail_errno(errno, "send a QMP command");
  while (true) {
    const auto end = buffered_.find('\n');
    if (end == std::string::npos) {
      std::array<char, 4096> chunk{};
      const ssize_t got = read(qmp_.get(), chunk.data(), chunk.size());
      if (got <= 0) return fail(Errc::kUnavailable, "QEMU closed its monitor");
      buffered_.append(chunk.data(), static_cast<std::size_t>(got));
      continue;
    }
    std::string line = buffered_.substr(0, end);
    buffered_.erase(0, end + 1);
    if (line.starts_with(R"({"return")")) return line;
    if (line.starts_with(R"({"error")") || line.starts_with(R"({"id")")) return fail(Errc::kInternal, line);
  }
}

Result<UniqueFd> QemuMachine::connect_display() {
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) return fail_errno(errno, "make a socket");
  UniqueFd ours(pair[0]);
  const UniqueFd theirs(pair[1]);
  TOBARI_TRY(qmp(R"({"execute":"getfd","arguments":{"fdname":"display"}})", theirs.get()));
  TOBARI_TRY(qmp(R"({"execute":"add_client","arguments":{"protocol":"@dbus-display","fdname":"display"}})"));
  return ours;
}

Result<Picture> QemuMachine::screendump() {
  const std::string path = folder_ + "/dump.ppm";
  TOBARI_TRY(qmp(std::format(R"({{"execute":"screendump","arguments":{{"filename":"{}"}}}})", path)));
  std::ifstream file(path, std::ios::binary);
  std::string magic;
  Picture picture;
  int maximum = 0;
  file >> magic >> picture.size.width >> picture.size.height >> maximum;
  file.get();
  if (magic != "P6" || maximum != 255 || !picture.size.valid()) return fail(Errc::kInternal, "not a PPM picture");
  picture.rgb.resize(static_cast<std::size_t>(picture.size.area()));
  for (std::uint32_t& pixel : picture.rgb) {
    std::array<char, 3> rgb{};
    file.read(rgb.data(), rgb.size());
    for (const char channel : rgb) pixel = pixel << 8 | static_cast<unsigned char>(channel);
  }
  if (!file) return fail(Errc::kInternal, "a short PPM picture");
  return picture;
}

void QemuMachine::freeze(bool frozen) { ::kill(child_.pid(), frozen ? SIGSTOP : SIGCONT); }

}  // namespace tobari::display
