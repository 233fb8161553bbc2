// SPDX-License-Identifier: GPL-3.0-or-later
#include "headless_sound.h"

#include <atomic>
#include <chrono>
#include <string_view>

#include <freerdp/addin.h>
#include <freerdp/channels/rdpsnd.h>
#include <freerdp/client/channels.h>
#include <freerdp/client/rdpsnd.h>

namespace tobari::display::testing {
namespace {
std::atomic<HeadlessSound*> current_sound = nullptr;
}  // namespace

struct SoundDevice {
  rdpsndDevicePlugin base;
  HeadlessSound* card;

  static SoundDevice& of(rdpsndDevicePlugin* device) { return *reinterpret_cast<SoundDevice*>(device); }

  static BOOL format_supported(rdpsndDevicePlugin*, const AUDIO_FORMAT* format) {
    return format->wFormatTag == WAVE_FORMAT_PCM && format->wBitsPerSample == 16 ? TRUE : FALSE;
  }
  static BOOL open(rdpsndDevicePlugin* device, const AUDIO_FORMAT* format, UINT32) {
    HeadlessSound& card = *of(device).card;
    const std::scoped_lock lock(card.mutex_);
    card.heard_.rate = format->nSamplesPerSec;
    ++card.heard_.opened;
    return TRUE;
  }
  static UINT play(rdpsndDevicePlugin* device, const BYTE* data, size_t size) {
    HeadlessSound& card = *of(device).card;
    {
      const std::scoped_lock lock(card.mutex_);
      for (size_t i = 0; i + 1 < size; i += 2) {
        const unsigned low = data[i];
        const unsigned high = data[i + 1];
        card.heard_.samples.push_back(static_cast<std::int16_t>(low | high << 8));
      }
    }
    card.changed_.notify_all();
    return 0;  // milliseconds of latency
  }
  static void close(rdpsndDevicePlugin*) {}
  static void free(rdpsndDevicePlugin* device) { delete &of(device); }

  static UINT VCAPITYPE entry(PFREERDP_RDPSND_DEVICE_ENTRY_POINTS points) {
    auto* device = new SoundDevice{};
    device->card = current_sound;
    device->base.FormatSupported = format_supported;
    device->base.Open = open;
    device->base.Play = play;
    device->base.Close = close;
    device->base.Free = free;
    points->pRegisterRdpsndDevice(points->rdpsnd, &device->base);
    return 0;
  }
  static PVIRTUALCHANNELENTRY find(LPCSTR name, LPCSTR subsystem, LPCSTR type, DWORD flags) {
    if (subsystem != nullptr && std::string_view(name) == RDPSND_CHANNEL_NAME &&
        std::string_view(subsystem) == "record") {
      return reinterpret_cast<PVIRTUALCHANNELENTRY>(reinterpret_cast<void*>(entry));
    }
    return freerdp_channels_load_static_addin_entry(name, subsystem, type, flags);
  }
};

HeadlessSound::HeadlessSound() { current_sound = this; }
HeadlessSound::~HeadlessSound() { current_sound = nullptr; }
void HeadlessSound::install() { static_cast<void>(freerdp_register_addin_provider(SoundDevice::find, 0)); }

HeadlessSound::Heard HeadlessSound::heard() { return wait_for(0); }

HeadlessSound::Heard HeadlessSound::wait_for(std::size_t samples) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(30), [this, samples] { return heard_.samples.size() >= samples; });
  return heard_;
}

}  // namespace tobari::display::testing
