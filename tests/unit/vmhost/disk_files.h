// SPDX-License-Identifier: GPL-3.0-or-later
// Disk images made by hand, as small as they can be and right in everything that is looked at; each test spoils one
// thing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/source_bytes.h"
#include "core/vhd_header.h"

namespace tobari::vmhost::disk_files {

// A file with holes: what was not written is zero.
class SparseFile final : public SourceBytes {
 public:
  explicit SparseFile(std::uint64_t size) : size_(size) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  [[nodiscard]] Result<std::vector<std::byte>> read(std::uint64_t at, std::size_t count) const override {
    if (!holds(at, count) || count > kMaxPieceBytes) return cut_short();
    std::vector<std::byte> bytes(count);
    for (const auto& [begin, part] : parts_) {
      for (std::size_t i = 0; i < part.size(); ++i) {
        if (begin + i >= at && begin + i < at + count) {
          bytes[static_cast<std::size_t>(begin + i - at)] = static_cast<std::byte>(part[i]);
        }
      }
    }
    return bytes;
  }
  void resize(std::uint64_t size) { size_ = size; }
  void put(std::uint64_t at, std::string_view text) { parts_.emplace_back(at, std::string(text)); }
  void put_big(std::uint64_t at, std::uint64_t value, std::size_t bytes) {
    std::string text;
    for (std::size_t i = bytes; i > 0; --i) text += static_cast<char>((value >> (8 * (i - 1))) & 0xffU);
    put(at, text);
  }
  void put_little(std::uint64_t at, std::uint64_t value, std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>((value >> (8 * i)) & 0xffU);
    put(at, text);
  }
  // The whole of it, for tests that need a real file.
  [[nodiscard]] std::string text() const {
    std::string whole(static_cast<std::size_t>(size_), '\0');
    for (const auto& [begin, part] : parts_) whole.replace(static_cast<std::size_t>(begin), part.size(), part);
    return whole;
  }

 private:
  std::uint64_t size_;
  std::vector<std::pair<std::uint64_t, std::string>> parts_;  // later ones lie on earlier ones
};

inline constexpr std::uint64_t kMebi = 1U << 20U;

inline SparseFile raw(std::uint64_t bytes = 8 * kMebi) {
  SparseFile file(bytes);
  file.put(510, "\x55\xaa");
  return file;
}

// Version 3, clusters of 64 KiB: one table covers 512 MiB.
inline SparseFile qcow2(std::uint64_t bytes = 64 * kMebi) {
  SparseFile file(65536 + 65536);
  file.put_big(0, 0x514649fb, 4);
  file.put_big(4, 3, 4);
  file.put_big(20, 16, 4);
  file.put_big(24, bytes, 8);
  file.put_big(36, 1, 4);
  file.put_big(40, 65536, 8);
  file.put_big(100, 104, 4);
  return file;
}

inline std::string vmdk_descriptor(std::uint64_t sectors, std::string_view type = "monolithicSparse") {
  return "# Disk DescriptorFile\nversion=1\nCID=1234abcd\nparentCID=ffffffff\ncreateType=\"" + std::string(type) +
         "\"\n\n# Extent description\nRW " + std::to_string(sectors) +
         " SPARSE \"disk.vmdk\"\n\nddb.adapterType = \"ide\"\n";
}

inline SparseFile vmdk(std::uint64_t bytes = 64 * kMebi) {
  SparseFile file(kMebi);
  file.put(0, "KDMV");
  file.put_little(4, 1, 4);
  file.put_little(12, bytes / 512, 8);
  file.put_little(20, 128, 8);
  file.put_little(28, 1, 8);  // the descriptor, in sectors
  file.put_little(36, 20, 8);
  file.put_little(44, 512, 4);
  file.put_little(56, 26, 8);  // the directory
  file.put(512, vmdk_descriptor(bytes / 512));
  return file;
}

inline std::string vhd_footer(std::uint64_t bytes, std::uint32_t type, std::uint64_t data_at) {
  SparseFile footer(512);
  footer.put(0, "conectix");
  footer.put_big(12, 0x00010000, 4);
  footer.put_big(16, data_at, 8);
  footer.put_big(40, bytes, 8);
  footer.put_big(48, bytes, 8);
  footer.put_big(60, type, 4);
  std::uint32_t sum = 0;
  for (const char c : footer.text()) sum += static_cast<unsigned char>(c);
  footer.put_big(64, ~sum, 4);
  return footer.text();
}

inline SparseFile fixed_vhd(std::uint64_t bytes = 4 * kMebi) {
  SparseFile file(bytes + 512);
  file.put(bytes, vhd_footer(bytes, 2, ~std::uint64_t{0}));
  return file;
}

inline SparseFile dynamic_vhd(std::uint64_t bytes = 64 * kMebi, std::uint32_t type = 3) {
  constexpr std::uint64_t kTableAt = 2048;
  SparseFile header(1024);
  header.put(0, "cxsparse");
  header.put_big(16, kTableAt, 8);
  header.put_big(28, bytes / (2 * kMebi), 4);
  header.put_big(32, 2 * kMebi, 4);
  std::uint32_t sum = 0;
  for (const char c : header.text()) sum += static_cast<unsigned char>(c);
  header.put_big(36, ~sum, 4);
  SparseFile file(65536 + 512);
  const std::string footer = vhd_footer(bytes, type, 512);
  file.put(0, footer);
  file.put(512, header.text());
  file.put(65536, footer);
  return file;
}

// A block whose checksum is filled in.
inline std::string vhdx_block(SparseFile block) {
  const std::string text = block.text();
  block.put_little(4, crc32c(std::as_bytes(std::span(text))), 4);
  return block.text();
}

inline const std::string& vhdx_guid(char which) {
  static const std::map<char, std::string> kGuids{
      {'b', std::string("\x66\x77\xc2\x2d\x23\xf6\x00\x42\x9d\x64\x11\x5e\x9b\xfd\x4a\x08", 16)},
      {'m', std::string("\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e", 16)},
      {'f', std::string("\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b", 16)},
      {'s', std::string("\x24\x42\xa5\x2f\x1b\xcd\x76\x48\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8", 16)},
      {'p', std::string("\x2d\x5f\xd3\xa8\x0b\xb3\x4d\x45\xab\xf7\xd3\xd8\x48\x34\xab\x0c", 16)}};
  return kGuids.at(which);
}

struct VhdxTraits {
  std::uint64_t bytes = 64 * kMebi;
  std::uint32_t flags = 0;  // of its parameters
  bool log = false;         // left open
  bool parent = false;      // with a locator of one
  std::uint32_t table = 1U << 20U;
};

inline SparseFile vhdx(const VhdxTraits& traits = {}) {
  constexpr std::uint64_t kMetadataAt = 2 * kMebi, kBlocksAt = 3 * kMebi;
  SparseFile file(4 * kMebi);
  file.put(0, "vhdxfile");
  SparseFile header(4096);
  header.put(0, "head");
  header.put_little(8, 1, 8);
  if (traits.log) header.put_little(48, 7, 8);
  header.put_little(66, 1, 2);
  file.put(65536, vhdx_block(header));
  SparseFile regions(65536);
  regions.put(0, "regi");
  regions.put_little(8, 2, 4);
  regions.put(16, vhdx_guid('b'));
  regions.put_little(32, kBlocksAt, 8);
  regions.put_little(40, traits.table, 4);
  regions.put(48, vhdx_guid('m'));
  regions.put_little(64, kMetadataAt, 8);
  regions.put_little(72, kMebi, 4);
  file.put(192U << 10U, vhdx_block(regions));
  file.put(kMetadataAt, "metadata");
  file.put_little(kMetadataAt + 10, traits.parent ? 3 : 2, 2);
  file.put(kMetadataAt + 32, vhdx_guid('f'));
  file.put_little(kMetadataAt + 48, 65536, 4);
  file.put_little(kMetadataAt + 52, 8, 4);
  file.put(kMetadataAt + 64, vhdx_guid('s'));
  file.put_little(kMetadataAt + 80, 65536 + 8, 4);
  file.put_little(kMetadataAt + 84, 8, 4);
  if (traits.parent) file.put(kMetadataAt + 96, vhdx_guid('p'));
  file.put_little(kMetadataAt + 65536, 32 * kMebi, 4);
  file.put_little(kMetadataAt + 65540, traits.flags, 4);
  file.put_little(kMetadataAt + 65544, traits.bytes, 8);
  return file;
}

inline SparseFile vdi(std::uint64_t bytes = 64 * kMebi, std::uint32_t type = 1) {
  SparseFile file(4096 + kMebi);
  file.put(0, "<<< Oracle VM VirtualBox Disk Image >>>\n");
  file.put_little(0x40, 0xbeda107f, 4);
  file.put_little(0x44, 0x00010001, 4);
  file.put_little(0x48, 0x190, 4);
  file.put_little(0x4c, type, 4);
  file.put_little(0x154, 512, 4);
  file.put_little(0x158, 4096, 4);
  file.put_little(0x170, bytes, 8);
  file.put_little(0x178, kMebi, 4);
  file.put_little(0x180, bytes / kMebi, 4);
  file.put_little(0x184, 1, 4);
  return file;
}

inline SparseFile iso(bool boots = true) {
  SparseFile file(40 * 2048);
  file.put(16 * 2048, std::string("\x01") + "CD001\x01");
  file.put_little(16 * 2048 + 80, 40, 4);
  file.put_little(16 * 2048 + 128, 2048, 2);
  if (boots) file.put(17 * 2048, std::string(1, '\0') + "CD001\x01" + "EL TORITO SPECIFICATION");
  file.put(18 * 2048,
           "\xff"
           "CD001\x01");
  return file;
}

// ---- archives

inline std::string tar_header(std::string_view name, std::uint64_t size, char type = '0') {
  SparseFile header(512);
  header.put(0, name);
  header.put(100, "0000644");
  std::string octal(11, '0');
  for (std::size_t i = 11; i > 0 && size > 0; --i, size /= 8) octal[i - 1] = static_cast<char>('0' + size % 8);
  header.put(124, octal);
  header.put(148, "        ");
  header.put(156, std::string(1, type));
  header.put(257, std::string("ustar\0"
                              "00",
                              8));
  std::uint32_t sum = 0;
  for (const char c : header.text()) sum += static_cast<unsigned char>(c);
  std::string stated(6, '0');
  for (std::size_t i = 6; i > 0; --i, sum /= 8) stated[i - 1] = static_cast<char>('0' + sum % 8);
  header.put(148, stated + std::string("\0 ", 2));
  return header.text();
}

using Members = std::vector<std::pair<std::string, std::string>>;

inline std::string tar(const Members& members) {
  std::string archive;
  for (const auto& [name, text] : members) {
    archive += tar_header(name, text.size()) + text;
    archive.resize((archive.size() + 511) / 512 * 512);
  }
  return archive + std::string(1024, '\0');
}

inline std::string ovf(std::uint64_t bytes, std::string_view file = "disk.vmdk") {
  return R"(<?xml version="1.0"?>
<!-- made by hand -->
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
          xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
          xmlns:vmw="http://www.vmware.com/schema/ovf">
  <References><File ovf:id="file1" ovf:href=")" +
         std::string(file) + R"("/></References>
  <DiskSection><Info>disks</Info>
    <Disk ovf:diskId="d1" ovf:fileRef="file1" ovf:capacity=")" +
         std::to_string(bytes) +
         R"(" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/></DiskSection>
  <VirtualSystem ovf:id="vm">
    <OperatingSystemSection ovf:id="96"><Description>Debian &amp; friends</Description></OperatingSystemSection>
    <VirtualHardwareSection>
      <Item><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>4</rasd:VirtualQuantity></Item>
      <Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:ResourceType>4</rasd:ResourceType>
        <rasd:VirtualQuantity>2048</rasd:VirtualQuantity></Item>
      <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
)";
}

inline std::string ova(std::uint64_t bytes = 64 * kMebi) {
  return tar({{"machine.ovf", ovf(bytes)}, {"disk.vmdk", vmdk(bytes).text()}});
}

}  // namespace tobari::vmhost::disk_files
