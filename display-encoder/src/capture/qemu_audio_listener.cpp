// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/qemu_audio_listener.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <span>
#include <string>

#include <tobari/base/log.h>
#include <tobari/base/no_throw.h>

#include "capture/glib_handle.h"

namespace tobari::display {
namespace {

constexpr const char* kOutListenerPath = "/org/qemu/Display1/AudioOutListener";
constexpr unsigned kBits = 16;
constexpr int kFullVolume = 255;

constexpr const char* kOutListenerIntrospection = R"(
<node>
  <interface name="org.qemu.Display1.AudioOutListener">
    <method name="Init">
      <arg type="t" direction="in"/><arg type="y" direction="in"/><arg type="b" direction="in"/>
      <arg type="b" direction="in"/><arg type="u" direction="in"/><arg type="y" direction="in"/>
      <arg type="u" direction="in"/><arg type="u" direction="in"/><arg type="b" direction="in"/>
    </method>
    <method name="Fini"><arg type="t" direction="in"/></method>
    <method name="SetEnabled"><arg type="t" direction="in"/><arg type="b" direction="in"/></method>
    <method name="SetVolume">
      <arg type="t" direction="in"/><arg type="b" direction="in"/><arg type="ay" direction="in"/>
    </method>
    <method name="Write"><arg type="t" direction="in"/><arg type="ay" direction="in"/></method>
    <property name="Interfaces" type="as" access="read"/>
  </interface>
</node>)";

GDBusNodeInfo* out_listener_introspection() {
  static GDBusNodeInfo* const node =
      g_dbus_node_info_new_for_xml(kOutListenerIntrospection, nullptr);  // lives as long as we do
  return node;
}

std::uint64_t voice_of(GVariant* tuple) {
  std::uint64_t id = 0;
  g_variant_get_child(tuple, 0, "t", &id);
  return id;
}

bool flag_at(GVariant* tuple, std::size_t index) {
  gboolean value = FALSE;
  g_variant_get_child(tuple, index, "b", &value);
  return value != FALSE;
}

std::span<const std::uint8_t> samples_at(GVariant* tuple, std::size_t index, VariantRef& owner) {
  owner.reset(g_variant_get_child_value(tuple, index));
  gsize count = 0;
  const void* data = g_variant_get_fixed_array(owner.get(), &count, 1);
  return {static_cast<const std::uint8_t*>(data), count};
}

std::int16_t s16_le(std::span<const std::uint8_t> bytes, std::size_t index) {
  const unsigned low = bytes[index * 2];
  const unsigned high = bytes[index * 2 + 1];
  return static_cast<std::int16_t>(low | high << 8);
}

}  // namespace

bool QemuVoice::playable() const noexcept {
  return std::ranges::find(kAudioRates, rate) != std::end(kAudioRates) && (channels == 1 || channels == 2) &&
         bits == kBits && is_signed && !is_float && !big_endian;
}

QemuAudioListener::QemuAudioListener(GDBusConnection* connection, AudioEvents& events)
    : connection_(connection), events_(events) {
  g_object_ref(connection_);
}

QemuAudioListener::~QemuAudioListener() {
  if (registration_ != 0) g_dbus_connection_unregister_object(connection_, registration_);
  g_object_unref(connection_);
}

Result<std::unique_ptr<QemuAudioListener>> QemuAudioListener::serve(GDBusConnection* connection, AudioEvents& events) {
  static constexpr GDBusInterfaceVTable kVtable{on_call, on_get, nullptr, {}};
  std::unique_ptr<QemuAudioListener> listener(new QemuAudioListener(connection, events));
  GError* error = nullptr;
  listener->registration_ =
      g_dbus_connection_register_object(connection, kOutListenerPath, out_listener_introspection()->interfaces[0],
                                        &kVtable, listener.get(), nullptr, &error);
  const ErrorRef owned(error);
  if (error != nullptr) return std::unexpected(to_error(Errc::kInternal, "serve the sound listener", error));
  return listener;
}

GVariant* QemuAudioListener::on_get(GDBusConnection* /*connection*/, const char* /*sender*/, const char* /*path*/,
                                    const char* /*interface*/, const char* /*property*/, GError** /*error*/,
                                    gpointer /*self*/) {
  return g_variant_new_strv(nullptr, 0);
}

void QemuAudioListener::on_call(GDBusConnection* /*connection*/, const char* /*sender*/, const char* /*path*/,
                                const char* /*interface*/, const char* method, GVariant* parameters,
                                GDBusMethodInvocation* invocation, gpointer self) {
  no_throw("a call of the sound listener", [=] {
    static_cast<QemuAudioListener*>(self)->dispatch(method, parameters);
    g_dbus_method_invocation_return_value(invocation, nullptr);
  });
}

void QemuAudioListener::dispatch(std::string_view method, GVariant* parameters) {
  if (method == "Write") return write(parameters);
  if (method == "Init") return init(parameters);
  if (method == "SetVolume") return set_volume(parameters);
  if (method == "Fini" && voice_ && voice_->id == voice_of(parameters)) voice_.reset();
}

void QemuAudioListener::init(GVariant* parameters) {
  QemuVoice voice;
  voice.id = voice_of(parameters);
  std::uint8_t octet = 0;
  g_variant_get_child(parameters, 1, "y", &octet);
  voice.bits = octet;
  voice.is_signed = flag_at(parameters, 2);
  voice.is_float = flag_at(parameters, 3);
  g_variant_get_child(parameters, 4, "u", &voice.rate);
  g_variant_get_child(parameters, 5, "y", &octet);
  voice.channels = octet;
  voice.big_endian = flag_at(parameters, 8);
  if (!voice.playable()) {
    log::warning("sound of a format that is not played", {{"rate", std::to_string(voice.rate)},
                                                          {"channels", std::to_string(voice.channels)},
                                                          {"bits", std::to_string(voice.bits)}});
    return;
  }
  voice_ = voice;
  volume_.fill(kFullVolume);
  muted_ = false;
}

void QemuAudioListener::set_volume(GVariant* parameters) {
  if (!voice_ || voice_->id != voice_of(parameters)) return;
  muted_ = flag_at(parameters, 1);
  VariantRef owner;
  const auto volume = samples_at(parameters, 2, owner);
  if (volume.empty()) return;
  for (std::size_t i = 0; i < volume_.size(); ++i) volume_[i] = volume[std::min(i, volume.size() - 1)];
}

void QemuAudioListener::write(GVariant* parameters) {
  if (!voice_ || voice_->id != voice_of(parameters) || muted_) return;
  VariantRef owner;
  const auto bytes = samples_at(parameters, 1, owner);
  const std::size_t channels = voice_->channels;
  const std::size_t frames = std::min(bytes.size() / (channels * 2), kMaxAudioBlockFrames);
  samples_.resize(frames * kAudioChannels);
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    const std::size_t channel = i % kAudioChannels;
    const std::int16_t sample = s16_le(bytes, i / kAudioChannels * channels + std::min(channel, channels - 1));
    samples_[i] = static_cast<std::int16_t>(sample * volume_[channel] / kFullVolume);
  }
  events_.on_audio({samples_, voice_->rate, std::chrono::steady_clock::now()});
}

}  // namespace tobari::display
