// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11_grabber.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <X11/Xutil.h>
#include <X11/extensions/XShm.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

namespace tobari::display {

// Memory shared with the server, the size of the whole display. The server writes rows into it where they belong.
class X11Grabber::Segment {
 public:
  static Result<std::unique_ptr<Segment>> create(X11Display& display, Size size) {
    std::unique_ptr<Segment> segment(new Segment(display, size));
    TOBARI_TRY(segment->attach());
    return segment;
  }

  ~Segment() {
    if (attached_ && !display_.broken()) {
      XShmDetach(display_.get(), &info_);
      display_.sync();
    }
    if (info_.shmaddr != nullptr) shmdt(info_.shmaddr);
  }
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  [[nodiscard]] std::size_t stride() const noexcept { return static_cast<std::size_t>(size_.width) * kBytesPerPixel; }
  [[nodiscard]] Size size() const noexcept { return size_; }
  [[nodiscard]] FrameView view() const noexcept {
    return {reinterpret_cast<const std::byte*>(info_.shmaddr), size_, stride()};
  }

  // The memory is the segment's and stays; only our page tables lose it (madvise(2)).
  void forget_pages() noexcept {
    static_cast<void>(::madvise(info_.shmaddr, static_cast<std::size_t>(size_.height) * stride(), MADV_DONTNEED));
  }

  // XShmGetImage sends where `data` lies in the segment, so an image of full-width rows lands in place.
  bool fetch(const Band& band) {
    XImage image{};
    image.width = size_.width;
    image.height = band.bottom - band.top;
    image.format = ZPixmap;
    image.depth = 24;
    image.bits_per_pixel = 32;
    image.bitmap_unit = 32;
    image.bitmap_pad = 32;
    image.byte_order = LSBFirst;
    image.bitmap_bit_order = LSBFirst;
    image.bytes_per_line = static_cast<int>(stride());
    image.data = info_.shmaddr + static_cast<std::size_t>(band.top) * stride();
    image.obdata = reinterpret_cast<char*>(&info_);
    if (XInitImage(&image) == 0) return false;
    const Status done = XShmGetImage(display_.get(), display_.root(), &image, 0, band.top, AllPlanes);
    return done != 0 && display_.take_error() == 0;
  }

 private:
  Segment(X11Display& display, Size size) : display_(display), size_(size) {}

  Result<void> attach() {
    const auto bytes = static_cast<std::size_t>(size_.area()) * kBytesPerPixel;
    info_.shmid = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
    if (info_.shmid < 0) return fail_errno(errno, "make memory to share with the X server");
    void* address = shmat(info_.shmid, nullptr, 0);
    const int attach_errno = errno;
    if (address == reinterpret_cast<void*>(-1)) {  // NOLINT(performance-no-int-to-ptr): the call's own error value
      shmctl(info_.shmid, IPC_RMID, nullptr);
      return fail_errno(attach_errno, "map memory to share with the X server");
    }
    info_.shmaddr = static_cast<char*>(address);
    info_.readOnly = False;
    const bool asked = XShmAttach(display_.get(), &info_) != 0;
    const int error = display_.sync();
    shmctl(info_.shmid, IPC_RMID, nullptr);  // it lives as long as somebody has it
    if (!asked || error != 0) return fail(Errc::kInvalidArgument, "the X server cannot share memory with us");
    attached_ = true;
    return {};
  }

  X11Display& display_;
  const Size size_;
  XShmSegmentInfo info_{};
  bool attached_ = false;
};

X11Grabber::X11Grabber(std::unique_ptr<X11Display> display) : display_(std::move(display)) {}
X11Grabber::~X11Grabber() = default;

Result<std::unique_ptr<X11Grabber>> X11Grabber::create(const std::string& display) {
  TOBARI_ASSIGN(auto connection, X11Display::open(display));
  std::unique_ptr<X11Grabber> grabber(new X11Grabber(std::move(connection)));
  TOBARI_TRY(grabber->check_format());
  return grabber;
}

Result<void> X11Grabber::check_format() const {
  Display* const display = display_->get();
  if (XShmQueryExtension(display) == 0) return fail(Errc::kInvalidArgument, "the X server has no MIT-SHM extension");
  const int screen = DefaultScreen(display);
  const Visual* const visual = DefaultVisual(display, screen);
  const bool masks = visual->red_mask == 0xFF0000 && visual->green_mask == 0xFF00 && visual->blue_mask == 0xFF;
  int count = 0;
  XPixmapFormatValues* const formats = XListPixmapFormats(display, &count);
  bool four_bytes = false;
  for (int i = 0; i < count; ++i) four_bytes |= formats[i].depth == 24 && formats[i].bits_per_pixel == 32;
  XFree(formats);
  if (DefaultDepth(display, screen) != 24 || !masks || !four_bytes || ImageByteOrder(display) != LSBFirst) {
    return fail(Errc::kInvalidArgument,
                "the X display must be 24 bit deep, true colour, with 32 bits a pixel in little-endian order");
  }
  return {};
}

Result<FrameView> X11Grabber::grab(const Region& wanted, Size size) {
  // Twice: when the display has another size than we were told, the first fetch fails and says so.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (display_->broken()) break;
    const bool fresh = segment_ == nullptr || segment_->size() != size;
    if (fresh) TOBARI_TRY(use_size(size));
    const std::vector<Band> bands = fresh ? std::vector<Band>{{0, size.height}} : bands_of(wanted, size.height);
    if (std::ranges::all_of(bands, [this](const Band& band) { return segment_->fetch(band); })) {
      return segment_->view();
    }
    segment_.reset();
    size = display_->root_size();
    if (!size.valid()) break;
  }
  return fail(Errc::kUnavailable, "the X server does not give its picture");
}

void X11Grabber::rest() noexcept {
  if (segment_) segment_->forget_pages();
}

Result<void> X11Grabber::use_size(Size size) {
  segment_.reset();  // first, so that there are never two of the largest
  TOBARI_ASSIGN(segment_, Segment::create(*display_, size));
  return {};
}

}  // namespace tobari::display
