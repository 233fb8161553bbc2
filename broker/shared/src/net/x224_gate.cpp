// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/net/x224_gate.h>

#include <algorithm>

namespace tobari::net {
namespace {

constexpr std::size_t kTpktBytes = 4;
constexpr std::size_t kX224FixedBytes = 7;  // length, code, two references, class
constexpr std::size_t kNegotiationBytes = 8;
constexpr std::size_t kCorrelationBytes = 36;
constexpr std::size_t kMinRequestBytes = kTpktBytes + kX224FixedBytes;
constexpr std::uint8_t kTypeNegotiationRequest = 0x01;
constexpr std::uint8_t kTypeCorrelation = 0x06;
constexpr std::uint8_t kCorrelationPresent = 0x08;
constexpr std::string_view kTokenPrefix = "Cookie: msts=";
constexpr std::string_view kCookiePrefix = "Cookie: mstshash=";

std::unexpected<Error> malformed(const char* what) { return fail(Errc::kPeerProtocol, what); }

// Reads forward over bytes whose number the caller has checked.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> rest) : rest_(rest) {}
  [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }
  [[nodiscard]] std::uint8_t peek() const noexcept { return std::to_integer<std::uint8_t>(rest_.front()); }
  std::span<const std::byte> take(std::size_t count) noexcept {
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  std::uint8_t u8() noexcept { return std::to_integer<std::uint8_t>(take(1).front()); }
  // A statement a read: the operands of | have no order.
  std::uint16_t u16_le() noexcept {
    const std::uint32_t low = u8();
    return static_cast<std::uint16_t>(low | std::uint32_t{u8()} << 8);
  }
  std::uint32_t u32_le() noexcept {
    const std::uint32_t low = u16_le();
    return low | std::uint32_t{u16_le()} << 16;
  }
  [[nodiscard]] std::span<const std::byte> rest() const noexcept { return rest_; }

 private:
  std::span<const std::byte> rest_;
};

// Checks what is there of the two headers, so that rubbish is refused at its first wrong byte. Returns the size of the
// whole request, or 0 while the headers are incomplete.
Result<std::size_t> check_headers(std::span<const std::byte> bytes) {
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint8_t>(bytes[i]); };
  if (!bytes.empty() && at(0) != 3) return malformed("not a TPKT packet");
  if (bytes.size() >= 2 && at(1) != 0) return malformed("reserved byte of TPKT is set");
  if (bytes.size() < kTpktBytes) return std::size_t{0};

  const std::size_t size = std::size_t{at(2)} << 8 | at(3);
  if (size < kMinRequestBytes || size > kMaxConnectionRequestBytes) return malformed("impossible length of TPKT");
  if (bytes.size() >= 5 && at(4) + kTpktBytes + 1 != size) return malformed("lengths of TPKT and X.224 differ");
  if (bytes.size() >= 6 && at(5) != 0xE0) return malformed("not an X.224 connection request");
  return size;
}

// Routing token or cookie: one line of printable ASCII that ends in CR LF. Told from RDP_NEG_REQ by its first byte.
Result<void> read_line(Cursor& in, ConnectionRequest& out) {
  const auto rest = in.rest();
  const auto end = std::ranges::find(rest, std::byte{'\r'});
  const auto length = static_cast<std::size_t>(end - rest.begin());
  if (rest.size() - length < 2 || rest[length + 1] != std::byte{'\n'}) return malformed("cookie without line end");

  std::string line;
  for (const std::byte b : in.take(length)) {
    const char c = static_cast<char>(b);
    if (c < 0x20 || c > 0x7e) return malformed("cookie holds control or non-ASCII characters");
    line.push_back(c);
  }
  in.take(2);
  if (line.starts_with(kCookiePrefix)) {
    out.cookie_user = line.substr(kCookiePrefix.size());
  } else {
    out.routing_token = line.starts_with(kTokenPrefix) ? line.substr(kTokenPrefix.size()) : line;
    if (out.routing_token.empty()) return malformed("empty routing token");
  }
  return {};
}

Result<void> read_negotiation(Cursor& in, ConnectionRequest& out) {
  if (in.left() < kNegotiationBytes) return malformed("cut negotiation request");
  if (in.u8() != kTypeNegotiationRequest) return malformed("unknown negotiation structure");
  const std::uint8_t flags = in.u8();
  if (in.u16_le() != kNegotiationBytes) return malformed("wrong length of the negotiation request");
  out.requested_protocols = in.u32_le();

  if ((flags & kCorrelationPresent) == 0) return {};
  if (in.left() < kCorrelationBytes) return malformed("cut correlation info");
  if (in.u8() != kTypeCorrelation || in.u8() != 0 || in.u16_le() != kCorrelationBytes) {
    return malformed("wrong correlation info");
  }
  in.take(kCorrelationBytes - 4);  // an id for logs of theirs; we have our own
  return {};
}

}  // namespace

Result<std::optional<ConnectionRequest>> parse_connection_request(std::span<const std::byte> bytes) {
  TOBARI_ASSIGN(const std::size_t size, check_headers(bytes));
  if (size == 0 || bytes.size() < size) return std::nullopt;

  ConnectionRequest request;
  request.size = size;
  Cursor in(bytes.subspan(kMinRequestBytes, size - kMinRequestBytes));
  if (in.left() > 0 && in.peek() != kTypeNegotiationRequest) TOBARI_TRY(read_line(in, request));
  if (in.left() > 0) TOBARI_TRY(read_negotiation(in, request));
  if (in.left() > 0) return malformed("bytes after the connection request");
  return request;
}

bool is_routing_token(std::string_view text) noexcept {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return text.size() == kRoutingTokenLength && std::ranges::all_of(text, allowed);
}

std::span<const std::byte, 19> ssl_required_reply() noexcept {
  constexpr auto kByte = [](int value) { return static_cast<std::byte>(value); };
  static constexpr std::array<std::byte, 19> kReply{
      kByte(0x03), kByte(0),    kByte(0), kByte(19),                                // TPKT
      kByte(14),   kByte(0xD0), kByte(0), kByte(0),  kByte(0), kByte(0), kByte(0),  // X.224 connection confirm
      kByte(0x03), kByte(0),    kByte(8), kByte(0),                                 // TYPE_RDP_NEG_FAILURE
      kByte(0x01), kByte(0),    kByte(0), kByte(0)};                                // SSL_REQUIRED_BY_SERVER
  return kReply;
}

}  // namespace tobari::net
