// SPDX-License-Identifier: GPL-3.0-or-later
#include "contract/framebuffer_source_contract.h"

#include <chrono>
#include <utility>

#include "capture/picture_source.h"
#include "capture/qemu_dbus_source.h"
#include "capture/test_pattern_source.h"
#include "capture/x11_source.h"
#include "contract/framebuffer_source/picture_guest.h"
#include "contract/framebuffer_source/qemu_machine.h"
#include "contract/framebuffer_source/xvfb.h"
#include "contract/framebuffer_source/xvfb_picture.h"
#include "stats/stats_overlay_source.h"

namespace tobari::display {
namespace {

void press_and_release(FramebufferSource& source, std::uint8_t scancode) {
  source.input().key({scancode, false, true});
  source.input().key({scancode, false, false});
}

class PatternRig final : public DesktopRig {
 public:
  Result<std::unique_ptr<FramebufferSource>> connect() override {
    TOBARI_ASSIGN(auto source, TestPatternSource::make("card", {640, 480}));
    source_ = source.get();
    return std::unique_ptr<FramebufferSource>(std::move(source));
  }
  void disturb(FramebufferSource& source) override { press_and_release(source, 0x1E); }
  Result<Picture> truth() override {
    TestPattern pattern(Pattern::kCard, {640, 480});
    pattern.echo(echo_cell({640, 480}, 0x1E, false));
    const Picture disturbed = keep(pattern.canvas().view());
    const auto view = source_->acquire(Region(echo_cell({640, 480}, 0x1E, false)));
    if (view.has_value() && difference(keep(*view), disturbed).empty()) return disturbed;
    return keep(TestPattern(Pattern::kCard, {640, 480}).canvas().view());
  }
  void kill(FramebufferSource& /*source*/) override { source_->lose("switched off"); }

 private:
  TestPatternSource* source_ = nullptr;
};

// The same with the panel of figures around it, which shows itself to a client only.
class FiguresRig final : public DesktopRig {
 public:
  Result<std::unique_ptr<FramebufferSource>> connect() override {
    TOBARI_ASSIGN(auto pattern, pattern_.connect());
    return std::make_unique<StatsOverlaySource>(
        std::move(pattern), [] { return DisplayStats(); }, std::chrono::milliseconds(5));
  }
  void disturb(FramebufferSource& source) override { pattern_.disturb(source); }
  Result<Picture> truth() override { return pattern_.truth(); }
  void kill(FramebufferSource& source) override { pattern_.kill(source); }

 private:
  PatternRig pattern_;
};

class QemuRig final : public DesktopRig {
 public:
  explicit QemuRig(std::unique_ptr<QemuMachine> machine) : machine_(std::move(machine)) {}
  Result<std::unique_ptr<FramebufferSource>> connect() override {
    TOBARI_ASSIGN(UniqueFd fd, machine_->connect_display());
    TOBARI_ASSIGN(auto source, QemuDbusSource::create(std::move(fd), {}));
    return std::unique_ptr<FramebufferSource>(std::move(source));
  }
  void disturb(FramebufferSource& source) override { press_and_release(source, 0x1E); }
  Result<Picture> truth() override { return machine_->screendump(); }
  void kill(FramebufferSource& /*source*/) override { machine_->kill(); }

 private:
  std::unique_ptr<QemuMachine> machine_;
};

class X11Rig final : public DesktopRig {
 public:
  explicit X11Rig(std::unique_ptr<Xvfb> server) : server_(std::move(server)) {
    server_->fill({0, 0, 640, 480}, 0x336699);
  }
  Result<std::unique_ptr<FramebufferSource>> connect() override {
    TOBARI_ASSIGN(auto source, X11Source::create(server_->name()));
    return std::unique_ptr<FramebufferSource>(std::move(source));
  }
  void disturb(FramebufferSource& /*source*/) override { server_->fill({100, 50, 30, 40}, 0xFF8800); }
  Result<Picture> truth() override { return server_->picture(); }
  void kill(FramebufferSource& /*source*/) override { server_->kill(); }

 private:
  std::unique_ptr<Xvfb> server_;
};

// A container's screen.
class PictureRig final : public DesktopRig {
 public:
  explicit PictureRig(std::unique_ptr<PictureGuest> guest) : guest_(std::move(guest)) {
    guest_->fill({0, 0, 640, 480}, 0x336699);
  }
  Result<std::unique_ptr<FramebufferSource>> connect() override {
    TOBARI_ASSIGN(auto source, PictureSource::create(guest_->take_connection()));
    return std::unique_ptr<FramebufferSource>(std::move(source));
  }
  void disturb(FramebufferSource& /*source*/) override { guest_->fill({100, 50, 30, 40}, 0xFF8800); }
  Result<Picture> truth() override { return guest_->picture(); }
  void kill(FramebufferSource& /*source*/) override { guest_->hang_up(); }

 private:
  std::unique_ptr<PictureGuest> guest_;
};

Result<std::unique_ptr<DesktopRig>> make_picture() {
  TOBARI_ASSIGN(auto guest, PictureGuest::start({640, 480}));
  return std::make_unique<PictureRig>(std::move(guest));
}

// The same with the program that runs in containers, and a real X server behind it.
class XvfbPictureRig final : public DesktopRig {
 public:
  explicit XvfbPictureRig(std::unique_ptr<XvfbPicture> desktop) : desktop_(std::move(desktop)) {
    desktop_->server().fill({0, 0, 640, 480}, 0x336699);
  }
  Result<std::unique_ptr<FramebufferSource>> connect() override {
    TOBARI_ASSIGN(UniqueFd connection, desktop_->connect());
    TOBARI_ASSIGN(auto source, PictureSource::create(std::move(connection)));
    return std::unique_ptr<FramebufferSource>(std::move(source));
  }
  void disturb(FramebufferSource& /*source*/) override { desktop_->server().fill({100, 50, 30, 40}, 0xFF8800); }
  Result<Picture> truth() override { return desktop_->server().picture(); }
  void kill(FramebufferSource& /*source*/) override { desktop_->kill(); }

 private:
  std::unique_ptr<XvfbPicture> desktop_;
};

Result<std::unique_ptr<DesktopRig>> make_xvfb_picture() {
  TOBARI_ASSIGN(auto desktop, XvfbPicture::start({1280, 1024}, {640, 480}));
  return std::make_unique<XvfbPictureRig>(std::move(desktop));
}

Result<std::unique_ptr<DesktopRig>> make_x11() {
  TOBARI_ASSIGN(auto server, Xvfb::start({640, 480}));
  return std::make_unique<X11Rig>(std::move(server));
}

Result<std::unique_ptr<DesktopRig>> make_qemu(QemuMachine::Screen screen) {
  TOBARI_ASSIGN(auto machine, QemuMachine::start(screen));
  return std::make_unique<QemuRig>(std::move(machine));
}

INSTANTIATE_TEST_SUITE_P(
    AllSources, FramebufferSourceContract,
    ::testing::Values(RigMaker{"Pattern",
                               []() -> Result<std::unique_ptr<DesktopRig>> { return std::make_unique<PatternRig>(); }},
                      RigMaker{"PatternWithFigures",
                               []() -> Result<std::unique_ptr<DesktopRig>> { return std::make_unique<FiguresRig>(); }},
                      RigMaker{"X11", make_x11}, RigMaker{"Picture", make_picture},
                      RigMaker{"PictureOfXvfb", make_xvfb_picture},
                      RigMaker{"QemuShared", [] { return make_qemu(QemuMachine::Screen::kShared); }},
                      RigMaker{"QemuCopied", [] { return make_qemu(QemuMachine::Screen::kCopied); }}),
    [](const auto& param_info) { return param_info.param.name; });

}  // namespace
}  // namespace tobari::display
