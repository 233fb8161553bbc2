// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/picture_port.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "capture/key_codes.h"

namespace tobari::display::picture {
namespace {

enum class Kind : std::uint32_t {
  kSurface = 1,
  kDamage = 2,
  kPointer = 3,
  kPointerShown = 4,
  kKey = 16,
  kMove = 17,
  kButton = 18,
  kLocks = 19,
  kSize = 20
};

constexpr std::size_t kSurfaceNumbers = 8;
constexpr std::size_t kPointerNumbers = 5;  // before its pixels

// A packet as numbers; bytes of a peer need not lie where numbers may.
class Numbers {
 public:
  explicit Numbers(std::span<const std::byte> packet) : bytes_(packet) {}
  [[nodiscard]] std::size_t count() const noexcept { return bytes_.size() / sizeof(std::uint32_t); }
  [[nodiscard]] std::uint32_t at(std::size_t index) const noexcept {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes_.data() + index * sizeof value, sizeof value);
    return value;
  }
  [[nodiscard]] std::int32_t signed_at(std::size_t index) const noexcept {
    return static_cast<std::int32_t>(at(index));
  }

 private:
  std::span<const std::byte> bytes_;
};

std::unexpected<Error> nonsense() {
  return fail(Errc::kPeerProtocol, "the desktop's picture port sends what it should not");
}

Result<Said> parse_surface(const Numbers& numbers) {
  if (numbers.count() != kSurfaceNumbers || numbers.at(1) != kVersion) return nonsense();
  TOBARI_ASSIGN(const Scanout scanout,
                check_scanout(numbers.at(2), numbers.at(3), numbers.at(4), kPixmanX8R8G8B8, numbers.at(5)));
  const Size largest{numbers.signed_at(6), numbers.signed_at(7)};
  if (!largest.valid() || largest.width < scanout.size.width || largest.height < scanout.size.height) return nonsense();
  return Surface{scanout, largest};
}

Result<Said> parse_damage(const Numbers& numbers) {
  if (numbers.count() < 2) return nonsense();
  const std::size_t rects = numbers.at(1);
  if (rects == 0 || rects > kMaxDamageRects || numbers.count() != 2 + rects * 4) return nonsense();
  Damage damage;
  for (std::size_t i = 2; i < numbers.count(); i += 4) {
    const Rect rect{numbers.signed_at(i), numbers.signed_at(i + 1), numbers.signed_at(i + 2), numbers.signed_at(i + 3)};
    damage.rects.push_back(rect);
  }
  return damage;
}

Result<Said> parse_pointer(const Numbers& numbers) {
  if (numbers.count() < kPointerNumbers) return nonsense();
  CursorShape shape{{numbers.signed_at(1), numbers.signed_at(2)}, {numbers.signed_at(3), numbers.signed_at(4)}, {}};
  const auto fits = [](int side) { return side > 0 && side <= kMaxPointerSide; };
  if (!fits(shape.size.width) || !fits(shape.size.height)) return nonsense();
  const bool inside = shape.hotspot.x >= 0 && shape.hotspot.x < shape.size.width && shape.hotspot.y >= 0 &&
                      shape.hotspot.y < shape.size.height;
  const auto area = static_cast<std::size_t>(shape.size.area());
  if (!inside || numbers.count() != kPointerNumbers + area) return nonsense();
  shape.argb.reserve(area);
  for (std::size_t i = 0; i < area; ++i) shape.argb.push_back(numbers.at(kPointerNumbers + i));
  return shape;
}

Result<Said> parse_shown(const Numbers& numbers) {
  if (numbers.count() != 2 || numbers.at(1) > 1) return nonsense();
  return PointerShown{numbers.at(1) == 1};
}

Packet packet_with(Kind kind, std::initializer_list<std::int32_t> numbers) {
  Packet bytes((1 + numbers.size()) * sizeof(std::uint32_t));
  const auto first = std::to_underlying(kind);
  std::memcpy(bytes.data(), &first, sizeof first);
  std::byte* at = bytes.data() + sizeof first;
  for (const std::int32_t number : numbers) {
    std::memcpy(at, &number, sizeof number);
    at += sizeof number;
  }
  return bytes;
}

}  // namespace

Result<Said> parse(std::span<const std::byte> packet) {
  if (packet.empty() || packet.size() > kMaxPacketBytes || packet.size() % sizeof(std::uint32_t) != 0)
    return nonsense();
  const Numbers numbers(packet);
  switch (static_cast<Kind>(numbers.at(0))) {
    case Kind::kSurface:
      return parse_surface(numbers);
    case Kind::kDamage:
      return parse_damage(numbers);
    case Kind::kPointer:
      return parse_pointer(numbers);
    case Kind::kPointerShown:
      return parse_shown(numbers);
    default:
      return nonsense();
  }
}

std::optional<Packet> packet_of(const KeyEvent& event) {
  const auto code = x11_key_code(event.scancode, event.extended);
  if (!code) return std::nullopt;
  return packet_with(Kind::kKey, {static_cast<std::int32_t>(*code), event.pressed ? 1 : 0});
}

std::optional<Packet> packet_of(const PointerMove& event) {
  return packet_with(Kind::kMove,
                     {std::clamp(event.position.x, 0, kMaxSide), std::clamp(event.position.y, 0, kMaxSide)});
}

std::optional<Packet> packet_of(const PointerButton& event) {
  return packet_with(Kind::kButton, {std::to_underlying(event.button), event.pressed ? 1 : 0});
}

std::optional<Packet> packet_of(const LockState& event) {
  return packet_with(Kind::kLocks, {(event.scroll ? 1 : 0) + (event.num ? 2 : 0) + (event.caps ? 4 : 0)});
}

Packet size_packet(Size size) { return packet_with(Kind::kSize, {size.width, size.height}); }

}  // namespace tobari::display::picture
