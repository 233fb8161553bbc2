// SPDX-License-Identifier: GPL-3.0-or-later
// Serves org.qemu.Display1.AudioOutListener on one connection: what a virtual machine plays. QEMU mixes everything into
// one voice; should there be several, the one that was enabled last counts. Decodes at once, on the thread whose
// default context it was made on. Internal to capture.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <gio/gio.h>

#include <tobari/base/result.h>
#include <tobari/display/audio_source.h>

namespace tobari::display {

// How QEMU describes a voice.
struct QemuVoice {
  std::uint64_t id = 0;
  unsigned rate = 0;
  unsigned channels = 0;
  unsigned bits = 0;
  bool is_signed = false;
  bool is_float = false;
  bool big_endian = false;

  // One of ours, or mono.
  [[nodiscard]] bool playable() const noexcept;
};

class QemuAudioListener {
 public:
  // The connection must not process messages yet. `events` outlives the result.
  [[nodiscard]] static Result<std::unique_ptr<QemuAudioListener>> serve(GDBusConnection* connection,
                                                                        AudioEvents& events);
  ~QemuAudioListener();
  QemuAudioListener(const QemuAudioListener&) = delete;
  QemuAudioListener& operator=(const QemuAudioListener&) = delete;

 private:
  QemuAudioListener(GDBusConnection* connection, AudioEvents& events);
  static void on_call(GDBusConnection* connection, const char* sender, const char* path, const char* interface,
                      const char* method, GVariant* parameters, GDBusMethodInvocation* invocation, gpointer self);
  static GVariant* on_get(GDBusConnection* connection, const char* sender, const char* path, const char* interface,
                          const char* property, GError** error, gpointer self);
  void dispatch(std::string_view method, GVariant* parameters);
  void init(GVariant* parameters);
  void set_volume(GVariant* parameters);
  void write(GVariant* parameters);

  GDBusConnection* connection_;
  AudioEvents& events_;
  unsigned registration_ = 0;
  std::optional<QemuVoice> voice_;
  // QEMU leaves the guest's mixer to whoever plays.
  std::array<std::uint8_t, kAudioChannels> volume_{255, 255};
  bool muted_ = false;
  std::vector<std::int16_t> samples_;
};

}  // namespace tobari::display
