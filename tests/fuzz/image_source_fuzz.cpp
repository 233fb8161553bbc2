// SPDX-License-Identifier: GPL-3.0-or-later
// Disks and machines from elsewhere. First byte: what it is said to be; then the file's size (4 bytes) and pieces of it
// (4 bytes where, 2 bytes how many, the bytes), so that headers that lie far apart are one short input. What is taken
// keeps its promises.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/image_source.h"
#include "core/ovf.h"
#include "core/tar_list.h"
#include "core/vhd_header.h"
#include "input.h"

namespace {

using namespace tobari::vmhost;
using tobari::fuzz::Input;
using tobari::fuzz::require;

constexpr unsigned kFormats = 9;
constexpr unsigned kOvfText = 9;
constexpr unsigned kKinds = 10;

class FuzzedFile final : public SourceBytes {
 public:
  explicit FuzzedFile(Input& input) : size_(input.u32()) {
    while (!input.done()) {
      const std::uint64_t at = input.u32();
      const auto bytes = input.bytes(input.u16());
      pieces_.emplace_back(at, std::vector<std::byte>(bytes.begin(), bytes.end()));
    }
  }
  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  [[nodiscard]] tobari::Result<std::vector<std::byte>> read(std::uint64_t at, std::size_t count) const override {
    require(count <= kMaxPieceBytes);
    if (!holds(at, count)) return cut_short();
    std::vector<std::byte> found(count);
    for (const auto& [begin, bytes] : pieces_) {
      const std::uint64_t from = std::max(begin, at);
      const std::uint64_t to = std::min(begin + bytes.size(), at + count);
      for (std::uint64_t i = from; i < to; ++i) {
        found[static_cast<std::size_t>(i - at)] = bytes[static_cast<std::size_t>(i - begin)];
      }
    }
    return found;
  }

 private:
  std::uint64_t size_;
  std::vector<std::pair<std::uint64_t, std::vector<std::byte>>> pieces_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const unsigned kind = input.u8() % kKinds;
  if (kind == kOvfText) {
    const auto machine = parse_ovf(text_of_bytes(input.rest()));
    if (machine) require(!machine->disk_file.empty() && machine->disk_bytes <= kMaxVirtualBytes);
    return 0;
  }
  const FuzzedFile file(input);
  const auto source = examine_source(file, static_cast<SourceFormat>(kind % kFormats));
  if (!source) return 0;
  require(source->virtual_bytes > 0 && source->virtual_bytes <= kMaxVirtualBytes && source->virtual_bytes % 512 == 0);
  require(file.holds(source->at, source->bytes));
  require(source->format != SourceFormat::kOva && source->format != SourceFormat::kTobari);
  return 0;
}
