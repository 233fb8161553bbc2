// SPDX-License-Identifier: GPL-3.0-or-later
// What a session tells of itself: figures and small pictures.
#include <utility>

#include "encode/thumbnail.h"
#include "session/screen.h"
#include "session/unlock.h"

namespace tobari::display {

DisplayStats DisplaySession::statistics() {
  const std::scoped_lock lock(mutex_);
  return recorder_.of_all(SystemClock().now());
}

void DisplaySession::take_thumbnail(TakenThumbnail taken) {
  const std::scoped_lock lock(mutex_);
  thumbnail_wanted_ = std::move(taken);
  wake();
}

// A few milliseconds between two frames: some for fetching the whole picture, one or two for making it small.
void DisplaySession::make_thumbnail(Lock& lock) {
  const TakenThumbnail taken = std::exchange(thumbnail_wanted_, nullptr);
  if (!taken) return;
  FramebufferSource* const source = screens_.front()->source.get();
  const Size size = screens_.front()->surface;
  const Unlock unlocked(lock);
  if (source == nullptr || !size.valid()) return taken(fail(Errc::kUnavailable, "nothing is shown yet"));
  const auto picture = source->acquire(Region(bounds(size)));
  if (!picture) return taken(std::unexpected(picture.error()));
  taken(tobari::display::make_thumbnail(*picture));
  if (!shown_) source->rest();
}

}  // namespace tobari::display
