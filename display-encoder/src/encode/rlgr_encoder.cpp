// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/rlgr_encoder.h"

#include <bit>

namespace tobari::display {

namespace {

// MS-RDPRFX 3.1.8.1.7.3: parameters are kept in eighths.
constexpr std::uint32_t kFraction = 3;
constexpr std::uint32_t kMaxParameter = 80;
constexpr std::uint32_t kUpAfterRun = 4;
constexpr std::uint32_t kDownAfterValue = 6;
constexpr std::uint32_t kUpAfterZero = 3;
constexpr std::uint32_t kDownAfterNonzero = 3;

// The parameters are at most 80, so this never wraps.
constexpr std::uint32_t lowered(std::uint32_t parameter, std::uint32_t by) {
  return parameter > by ? parameter - by : 0;
}
constexpr std::uint32_t raised(std::uint32_t parameter, std::uint32_t by) {
  return parameter + by < kMaxParameter ? parameter + by : kMaxParameter;
}

// Most significant bit first.
class BitWriter {
 public:
  // `count` <= 32, `bits` has no others.
  void put(std::uint32_t bits, std::uint32_t count) {
    pending_ = (pending_ << count) | bits;
    pending_count_ += count;
    if (pending_count_ >= 32) flush_word();
  }

  void put_repeated(bool bit, std::uint32_t count) {
    for (; count >= 16; count -= 16) put(bit ? 0xFFFFu : 0u, 16);
    put(bit ? (1u << count) - 1 : 0u, count);
  }

  // False: it did not fit, and `out` is as it was.
  bool finish(std::vector<std::byte>& out) {
    const std::uint32_t bytes = (pending_count_ + 7) / 8;
    if (full_ || kMaxRlgrBytes - used_ < bytes) return false;
    const auto last = pending_ << (8 * bytes - pending_count_);
    for (std::uint32_t i = bytes; i-- > 0;) buffer_[used_++] = static_cast<std::byte>((last >> (8 * i)) & 0xFFu);
    out.insert(out.end(), buffer_, buffer_ + used_);
    return true;
  }

 private:
  void flush_word() {
    pending_count_ -= 32;
    full_ = full_ || kMaxRlgrBytes - used_ < 4;
    if (full_) return;
    const auto word = static_cast<std::uint32_t>(pending_ >> pending_count_);
    for (std::uint32_t i = 0; i < 4; ++i) buffer_[used_ + i] = static_cast<std::byte>((word >> (24 - 8 * i)) & 0xFFu);
    used_ += 4;
  }

  std::byte buffer_[kMaxRlgrBytes];  // not cleared: most of it is never used
  std::size_t used_ = 0;
  std::uint64_t pending_ = 0;  // its lowest pending_count_ bits are still to be written
  std::uint32_t pending_count_ = 0;
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
    auto zeros = static_cast<std::uint32_t>(value_at - at);
    std::uint32_t whole_runs = 0;
    std::uint32_t k = run_ >> kFraction;
    for (; zeros >= (1u << k); k = run_ >> kFraction) {
      zeros -= 1u << k;
      ++whole_runs;
      run_ = raised(run_, kUpAfterRun);
    }
    if (whole_runs > 0) bits_.put_repeated(false, whole_runs);
    const int value = tile_.values[value_at];
    const auto magnitude = static_cast<std::uint32_t>(value < 0 ? -value : value);
    // The end of the run, what is left of it, the sign.
    bits_.put((((1u << k) | zeros) << 1) | (value < 0 ? 1u : 0u), k + 2);
    code_number(magnitude == 0 ? 0 : magnitude - 1);
    run_ = lowered(run_, kDownAfterValue);
    return value_at + 1;
  }

  void code_one(int value) {
    const auto twice = static_cast<std::uint32_t>(value < 0 ? -2 * value - 1 : 2 * value);
    code_number(twice);
    run_ = twice == 0 ? raised(run_, kUpAfterZero) : lowered(run_, kDownAfterNonzero);
  }

  // Golomb-Rice: the quotient in unary, then the remainder.
  void code_number(std::uint32_t number) {
    const std::uint32_t k = rice_ >> kFraction;
    const std::uint32_t quotient = number >> k;
    const std::uint32_t remainder = number & ((1u << k) - 1);
    if (quotient < 16) {
      bits_.put((((1u << (quotient + 1)) - 2) << k) | remainder, quotient + 1 + k);
    } else {
      bits_.put_repeated(true, quotient);
      bits_.put(remainder, 1 + k);
    }
    if (quotient == 0) {
      rice_ = lowered(rice_, 2);
    } else if (quotient > 1) {
      rice_ = raised(rice_, quotient);
    }
  }

  const TileCoefficients& tile_;
  BitWriter bits_;
  std::uint32_t run_ = 1u << kFraction;
  std::uint32_t rice_ = 1u << kFraction;
};

}  // namespace

bool rlgr1_encode(const TileCoefficients& tile, std::vector<std::byte>& out) { return Encoder(tile).run(out); }

}  // namespace tobari::display
