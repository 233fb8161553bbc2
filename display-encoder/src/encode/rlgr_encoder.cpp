// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/rlgr_encoder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace tobari::display {

namespace {

// MS-RDPRFX 3.1.8.1.7.3: parameters are kept in eighths.
constexpr std::uint32_t kFraction = 3;
constexpr std::uint32_t kMaxParameter = 80;
constexpr std::uint32_t kUpAfterRun = 4;
constexpr std::uint32_t kDownAfterValue = 6;
constexpr std::uint32_t kUpAfterZero = 3;
constexpr std::uint32_t kDownAfterNonzero = 3;

// Both without a branch: whether they rise or sink is what the picture decides.
constexpr std::uint32_t lowered(std::uint32_t parameter, std::uint32_t by) { return std::max(parameter, by) - by; }
constexpr std::uint32_t raised(std::uint32_t parameter, std::uint32_t by) {
  return std::min(parameter + by, kMaxParameter);
}

// A run is as many whole steps of 2^k zeros as fit, k growing from step to step, and a rest. How many steps, and where
// the parameter then stands, is found by a table: the parameter rises by 4, so it runs through one of four chains, and
// a place on a chain is known by the zeros that lead there from its beginning.
class RunSteps {
 public:
  struct Place {
    std::uint32_t steps;  // from `parameter` on
    std::uint32_t parameter;
    std::uint32_t zeros;  // that are left
  };

  constexpr RunSteps() {
    for (std::uint32_t chain = 0; chain < kUpAfterRun; ++chain) {
      std::uint32_t zeros = 0;
      for (std::uint32_t at = 0; chain + kUpAfterRun * at < kMaxParameter; ++at) {
        const std::uint32_t parameter = chain + kUpAfterRun * at;
        before_[parameter] = static_cast<std::uint16_t>(zeros);
        for (const std::uint32_t end = zeros + (1u << (parameter >> kFraction)); zeros < end; ++zeros) {
          reached_[chain][zeros] = static_cast<std::uint8_t>(parameter);
        }
      }
      highest_[chain] = static_cast<std::uint16_t>(zeros);
    }
  }

  [[nodiscard]] constexpr Place after(std::uint32_t parameter, std::uint32_t zeros) const {
    if (parameter == kMaxParameter) return at_the_top(0, zeros);
    const std::uint32_t chain = parameter % kUpAfterRun;
    const std::uint32_t place = before_[parameter] + zeros;
    if (place >= highest_[chain]) {
      const std::uint32_t climbed = (kMaxParameter - parameter + kUpAfterRun - 1) / kUpAfterRun;
      return at_the_top(climbed, place - highest_[chain]);
    }
    const std::uint32_t reached = reached_[chain][place];
    return {(reached - parameter) / kUpAfterRun, reached, place - before_[reached]};
  }

 private:
  static constexpr std::uint32_t kTop = kMaxParameter >> kFraction;
  static constexpr std::size_t kZeros = 2 * ((1u << kTop) - 1);  // two places of a chain have the same k

  [[nodiscard]] static constexpr Place at_the_top(std::uint32_t climbed, std::uint32_t zeros) {
    return {climbed + (zeros >> kTop), kMaxParameter, zeros & ((1u << kTop) - 1)};
  }

  std::array<std::uint16_t, kMaxParameter> before_{};                    // zeros that lead to this parameter
  std::array<std::array<std::uint8_t, kZeros>, kUpAfterRun> reached_{};  // by zeros
  std::array<std::uint16_t, kUpAfterRun> highest_{};                     // zeros that lead to kMaxParameter
};
constexpr RunSteps kRunSteps;

// Most significant bit first. Writes eight bytes each time and goes on by those that are complete: no branch depends on
// how long a code is.
class BitWriter {
 public:
  // `count` is 1 to 56, `bits` has no others.
  void put(std::uint64_t bits, std::uint32_t count) {
    pending_ |= bits << (64 - pending_count_ - count);
    pending_count_ += count;
    const std::uint64_t written = std::endian::native == std::endian::little ? std::byteswap(pending_) : pending_;
    std::memcpy(buffer_ + used_, &written, sizeof written);
    const std::uint32_t bytes = pending_count_ / 8;
    used_ += bytes;
    pending_ <<= 8 * bytes;
    pending_count_ %= 8;
    if (used_ > kMaxRlgrBytes) [[unlikely]] {  // no picture comes here
      full_ = true;
      used_ = 0;
    }
  }

  void put_ones(std::uint32_t count) {
    for (; count > 32; count -= 32) put(0xFFFFFFFFu, 32);
    put((std::uint64_t{1} << count) - 1, count);
  }

  // False: it did not fit, and `out` is as it was.
  bool finish(std::vector<std::byte>& out) const {
    const std::size_t bytes = used_ + (pending_count_ + 7) / 8;
    if (full_ || bytes > kMaxRlgrBytes) return false;
    out.insert(out.end(), buffer_, buffer_ + bytes);
    return true;
  }

 private:
  std::byte buffer_[kMaxRlgrBytes + sizeof(std::uint64_t)];  // not cleared: most of it is never used
  std::size_t used_ = 0;
  std::uint64_t pending_ = 0;        // its highest pending_count_ bits are in the buffer, but not all of their byte
  std::uint32_t pending_count_ = 0;  // below 8
  bool full_ = false;
};

class Encoder {
 public:
  explicit Encoder(const TileCoefficients& tile) : tile_(tile) {}

  bool run(std::vector<std::byte>& out) {
    std::size_t at = 0;
    while (at < kTileCoefficients) {
      if ((run_ >> kFraction) > 0) {
        at = code_run(at);
      } else {
        code_one(tile_.values[at++]);
      }
    }
    return bits_.finish(out);
  }

 private:
  struct Code {
    std::uint64_t bits;
    std::uint32_t count;
  };

  // The first index >= from whose value is not zero. The last value ends a run whatever it is: a stream ends with a
  // value, so a zero there is sent as the smallest one (as the specification's own encoder does).
  [[nodiscard]] std::size_t next_value(std::size_t from) const {
    constexpr std::size_t kLast = kTileCoefficients - 1;
    std::size_t word = from / 64;
    std::uint64_t ahead = tile_.nonzero[word] >> (from % 64) << (from % 64);
    while (ahead == 0) {
      if (++word == tile_.nonzero.size()) return kLast;
      ahead = tile_.nonzero[word];
    }
    return word * 64 + static_cast<std::size_t>(std::countr_zero(ahead));
  }

  std::size_t code_run(std::size_t at) {
    const std::size_t value_at = next_value(at);
    const RunSteps::Place end = kRunSteps.after(run_, static_cast<std::uint32_t>(value_at - at));
    const std::uint32_t k = end.parameter >> kFraction;
    const std::int32_t value = tile_.values[value_at];
    const auto magnitude = static_cast<std::uint32_t>(value < 0 ? -value : value);
    // A zero for each step, the end of the run, what is left of it, the sign.
    const std::uint64_t bits = (((std::uint64_t{1} << k) | end.zeros) << 1) | (value < 0 ? 1u : 0u);
    code_number(magnitude - std::min(magnitude, 1u), {bits, end.steps + k + 2});
    run_ = lowered(end.parameter, kDownAfterValue);
    return value_at + 1;
  }

  void code_one(std::int32_t value) {
    const auto twice = static_cast<std::uint32_t>(value < 0 ? -2 * value - 1 : 2 * value);
    code_number(twice, {0, 0});
    run_ = twice == 0 ? raised(run_, kUpAfterZero) : lowered(run_, kDownAfterNonzero);
  }

  // Golomb-Rice, behind what comes before it: the quotient in unary, then the remainder.
  void code_number(std::uint32_t number, Code first) {
    constexpr std::uint32_t kShort = 8;  // with the longest run, 34 bits, one put
    const std::uint32_t k = rice_ >> kFraction;
    const std::uint32_t quotient = number >> k;
    const std::uint64_t remainder = number & ((1u << k) - 1);
    if (quotient < kShort) [[likely]] {
      const std::uint32_t count = quotient + 1 + k;
      bits_.put((first.bits << count) | (((std::uint64_t{2} << quotient) - 2) << k) | remainder, first.count + count);
    } else {
      if (first.count > 0) bits_.put(first.bits, first.count);
      bits_.put_ones(quotient);
      bits_.put(remainder, 1 + k);
    }
    // Down by 2 after a quotient of 0, as it is after 1, up by the quotient after more.
    const std::uint32_t up = quotient < 2 ? 0 : quotient;
    rice_ = raised(lowered(rice_, quotient == 0 ? 2 : 0), up);
  }

  const TileCoefficients& tile_;
  BitWriter bits_;
  std::uint32_t run_ = 1u << kFraction;
  std::uint32_t rice_ = 1u << kFraction;
};

}  // namespace

bool rlgr1_encode(const TileCoefficients& tile, std::vector<std::byte>& out) { return Encoder(tile).run(out); }

}  // namespace tobari::display
