// SPDX-License-Identifier: GPL-3.0-or-later
// Strangers' disks: what is right is taken, and each single lie is told from it.
#include "core/image_source.h"

#include <functional>

#include <gmock/gmock.h>

#include "core/qcow2_header.h"
#include "core/vdi_header.h"
#include "core/vmdk_header.h"
#include "disk_files.h"

namespace tobari::vmhost {
namespace {

using namespace disk_files;
using ::testing::HasSubstr;

BytesInMemory bytes_of(const std::string& text) { return BytesInMemory(std::as_bytes(std::span(text))); }

std::string problem(const SourceBytes& file, SourceFormat format) {
  const auto source = examine_source(file, format);
  return source ? "none" : source.error().message;
}

TEST(ImageSource, EveryFormatIsTakenForWhatItIs) {
  const SparseFile files[] = {raw(), qcow2(), vmdk(), vdi(), fixed_vhd(), dynamic_vhd(), vhdx(), iso()};
  const SourceFormat formats[] = {SourceFormat::kRaw, SourceFormat::kQcow2, SourceFormat::kVmdk, SourceFormat::kVdi,
                                  SourceFormat::kVhd, SourceFormat::kVhd,   SourceFormat::kVhdx, SourceFormat::kIso};
  const std::uint64_t sizes[] = {8 * kMebi, 64 * kMebi, 64 * kMebi, 64 * kMebi,
                                 4 * kMebi, 64 * kMebi, 64 * kMebi, 40 * 2048};
  for (std::size_t i = 0; i < std::size(files); ++i) {
    const auto source = examine_source(files[i], formats[i]);
    ASSERT_TRUE(source) << to_string(formats[i]) << ": " << describe(source.error());
    EXPECT_EQ(source->format, formats[i]);
    EXPECT_EQ(source->virtual_bytes, sizes[i]) << to_string(formats[i]);
    EXPECT_EQ(source->at, 0U);
    EXPECT_EQ(source->bytes, files[i].size());
  }
}

TEST(ImageSource, OneFormatIsNotTakenForAnother) {
  EXPECT_THAT(problem(qcow2(), SourceFormat::kRaw), HasSubstr("of the format qcow2, not raw: import it as qcow2"));
  EXPECT_THAT(problem(vmdk(), SourceFormat::kQcow2), HasSubstr("of the format vmdk"));
  EXPECT_THAT(problem(raw(), SourceFormat::kQcow2), HasSubstr("not a qcow2 file"));
  EXPECT_THAT(problem(raw(), SourceFormat::kVhdx), HasSubstr("not a vhdx file"));
  EXPECT_THAT(problem(raw(), SourceFormat::kVdi), HasSubstr("not a vdi file"));
  EXPECT_THAT(problem(raw(), SourceFormat::kVhd), HasSubstr("not a vhd file"));
  EXPECT_THAT(problem(raw(), SourceFormat::kIso), HasSubstr("not an iso file"));
  EXPECT_THAT(problem(raw(), SourceFormat::kOva), HasSubstr("not an ova file"));
}

TEST(ImageSource, WhatIsNoImageIsRefused) {
  const std::string letter(4096, 'x');
  EXPECT_THAT(problem(bytes_of(letter), SourceFormat::kRaw), HasSubstr("no image of a disk"));
  const std::string nothing;
  EXPECT_THAT(problem(bytes_of(nothing), SourceFormat::kRaw), HasSubstr("empty"));
  SparseFile odd = raw();
  odd.resize(8 * kMebi + 7);
  EXPECT_THAT(problem(odd, SourceFormat::kRaw), HasSubstr("whole sectors"));
}

TEST(ImageSource, WordsGoBothWays) {
  for (const char* word : {"raw", "qcow2", "vmdk", "vdi", "vhd", "vhdx", "ova", "iso", "tobari"}) {
    const auto format = parse_source_format(word);
    ASSERT_TRUE(format) << word;
    EXPECT_EQ(to_string(*format), word);
  }
  EXPECT_THAT(parse_source_format("exe").error().message, HasSubstr("raw, qcow2"));
}

// ---- files that stand on others

TEST(ImageSource, ForeignBackingFilesAreRefusedWhateverTheirFormat) {
  SparseFile cow = qcow2();
  cow.put_big(8, 512, 8);
  cow.put_big(16, 11, 4);
  cow.put(512, "/etc/shadow");
  EXPECT_THAT(problem(cow, SourceFormat::kQcow2), HasSubstr("stands on another file (/etc/shadow)"));
  SparseFile child = vmdk();
  child.put(512,
            "# Disk DescriptorFile\nCID=1\nparentCID=12345678\nparentFileNameHint=\"/etc/shadow\"\n"
            "createType=\"monolithicSparse\"\nRW 131072 SPARSE \"x\"\n");
  EXPECT_THAT(problem(child, SourceFormat::kVmdk), HasSubstr("stands on another file (/etc/shadow)"));
  EXPECT_THAT(problem(dynamic_vhd(64 * kMebi, 4), SourceFormat::kVhd), HasSubstr("stands on another file"));
  EXPECT_THAT(problem(vhdx({.flags = 2}), SourceFormat::kVhdx), HasSubstr("stands on another file"));
  EXPECT_THAT(problem(vhdx({.parent = true}), SourceFormat::kVhdx), HasSubstr("stands on another file"));
  EXPECT_THAT(problem(vdi(64 * kMebi, 4), SourceFormat::kVdi), HasSubstr("stands on another file"));
  SparseFile linked = vdi();
  linked.put_little(0x1b8, 1, 4);
  EXPECT_THAT(problem(linked, SourceFormat::kVdi), HasSubstr("stands on another file"));
}

TEST(ImageSource, DataInOtherFilesIsRefused) {
  SparseFile external = qcow2();
  external.put_big(72, 4, 8);
  EXPECT_THAT(problem(external, SourceFormat::kQcow2), HasSubstr("data in another file"));
  const std::string only_text = vmdk_descriptor(131072, "monolithicFlat");  // shorter than a header
  EXPECT_THAT(problem(bytes_of(only_text), SourceFormat::kVmdk), HasSubstr("its data is in other files"));
  SparseFile flat = vmdk();
  flat.put(512,
           "# Disk DescriptorFile\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\nRW 131072 FLAT \"/dev/sda\" 0\n");
  EXPECT_THAT(problem(flat, SourceFormat::kVmdk), HasSubstr("keeps its data in other files"));
  SparseFile two = vmdk();
  two.put(512, vmdk_descriptor(131072) + "RW 131072 SPARSE \"/etc/shadow\"\n");
  EXPECT_THAT(problem(two, SourceFormat::kVmdk), HasSubstr("names other files"));
  SparseFile part = vmdk();
  part.put_little(28, 0, 8);
  EXPECT_THAT(problem(part, SourceFormat::kVmdk), HasSubstr("a part of a disk in several files"));
}

// ---- lies about size

TEST(ImageSource, SizesThatDoNotFitAreRefused) {
  EXPECT_THAT(problem(qcow2(1024 * kMebi), SourceFormat::kQcow2), HasSubstr("has tables for less"));
  SparseFile enormous = qcow2();
  enormous.put_big(24, std::uint64_t{1} << 60U, 8);
  EXPECT_THAT(problem(enormous, SourceFormat::kQcow2), HasSubstr("no disk is larger"));
  SparseFile vmdk_other = vmdk();
  vmdk_other.put(512, vmdk_descriptor(99));
  EXPECT_THAT(problem(vmdk_other, SourceFormat::kVmdk), HasSubstr("contradicts itself"));
  SparseFile short_vhd = fixed_vhd();
  short_vhd.resize(3 * kMebi + 512);
  short_vhd.put(3 * kMebi, vhd_footer(4 * kMebi, 2, ~std::uint64_t{0}));
  EXPECT_THAT(problem(short_vhd, SourceFormat::kVhd), HasSubstr("claims 4194304 bytes and has 3145728"));
  EXPECT_THAT(problem(vhdx({.bytes = std::uint64_t{1} << 45U, .table = 1024}), SourceFormat::kVhdx),
              HasSubstr("has tables for less"));
  SparseFile vdi_other = vdi();
  vdi_other.put_little(0x180, 3, 4);
  EXPECT_THAT(problem(vdi_other, SourceFormat::kVdi), HasSubstr("has tables for less"));
  SparseFile cut = iso();
  cut.resize(39 * 2048);
  EXPECT_THAT(problem(cut, SourceFormat::kIso), HasSubstr("cut short"));
  SparseFile uneven = iso();
  uneven.resize(40 * 2048 + 100);
  EXPECT_THAT(problem(uneven, SourceFormat::kIso), HasSubstr("not in whole sectors"));
  SparseFile endless = iso();
  endless.resize(kMaxVirtualBytes + 2048);
  EXPECT_THAT(problem(endless, SourceFormat::kIso), HasSubstr("no disk is larger"));
}

TEST(ImageSource, WhatIsCutShortIsRefused) {
  SparseFile cow = qcow2();
  cow.resize(65536 + 4);
  EXPECT_THAT(problem(cow, SourceFormat::kQcow2), HasSubstr("cut short"));
  SparseFile disk = vmdk();
  disk.resize(26 * 512);
  EXPECT_THAT(problem(disk, SourceFormat::kVmdk), HasSubstr("cut short"));
  SparseFile image = vdi();
  image.resize(4096 + 512);
  EXPECT_THAT(problem(image, SourceFormat::kVdi), HasSubstr("cut short"));
  SparseFile vhd = dynamic_vhd();
  vhd.resize(65536);
  EXPECT_THAT(problem(vhd, SourceFormat::kVhd), HasSubstr("cut short"));
  SparseFile hyper = vhdx();
  hyper.resize(3 * kMebi + 4096);
  EXPECT_THAT(problem(hyper, SourceFormat::kVhdx), HasSubstr("cut short"));
}

// ---- damage, and machines that were not shut down

TEST(ImageSource, DamageAndOpenFilesAreTold) {
  SparseFile corrupt = qcow2();
  corrupt.put_big(72, 2, 8);
  EXPECT_THAT(problem(corrupt, SourceFormat::kQcow2), HasSubstr("damaged"));
  SparseFile unknown = qcow2();
  unknown.put_big(72, 0x80, 8);
  EXPECT_THAT(problem(unknown, SourceFormat::kQcow2), HasSubstr("not known"));
  SparseFile flipped = fixed_vhd();
  flipped.put(4 * kMebi + 100, "x");
  EXPECT_THAT(problem(flipped, SourceFormat::kVhd), HasSubstr("damaged"));
  EXPECT_THAT(problem(vhdx({.log = true}), SourceFormat::kVhdx), HasSubstr("was not closed"));
  SparseFile header = vhdx();
  header.put(65536 + 200, "x");
  EXPECT_THAT(problem(header, SourceFormat::kVhdx), HasSubstr("neither of its headers"));
  EXPECT_THAT(problem(iso(false), SourceFormat::kIso), HasSubstr("cannot be booted"));
}

TEST(ImageSource, AStreamsEndMustFitItsBeginning) {
  SparseFile stream = vmdk();
  stream.put_little(56, ~std::uint64_t{0}, 8);
  stream.put(512, vmdk_descriptor(131072, "streamOptimized"));
  EXPECT_THAT(problem(stream, SourceFormat::kVmdk), HasSubstr("cut short")) << "without its footer";
  SparseFile footer = vmdk();
  stream.put(kMebi - 1024, footer.text().substr(0, 512));
  const auto source = examine_source(stream, SourceFormat::kVmdk);
  ASSERT_TRUE(source) << describe(source.error());
  EXPECT_EQ(source->variant, "streamOptimized");
  SparseFile other = vmdk(32 * kMebi);
  stream.put(kMebi - 1024, other.text().substr(0, 512));
  EXPECT_THAT(problem(stream, SourceFormat::kVmdk), HasSubstr("different sizes"));
}

TEST(ImageSource, TheChecksumOfVhdxIsCastagnolis) {
  const std::string text = "123456789";
  EXPECT_EQ(crc32c(std::as_bytes(std::span(text))), 0xe3069283U);
}

// ---- archives

TEST(ImageSource, AMachineInAnArchiveIsFoundWithItsDisk) {
  const std::string archive = ova();
  const auto source = examine_source(bytes_of(archive), SourceFormat::kOva);
  ASSERT_TRUE(source) << describe(source.error());
  EXPECT_EQ(source->format, SourceFormat::kVmdk);
  EXPECT_EQ(source->virtual_bytes, 64 * kMebi);
  EXPECT_EQ(archive.substr(static_cast<std::size_t>(source->at), 4), "KDMV");
  EXPECT_EQ(source->bytes, kMebi);
  EXPECT_EQ(source->guest, "Debian & friends");
  EXPECT_EQ(source->memory_mib, 2048U);
  EXPECT_TRUE(source->uefi);
  EXPECT_EQ(source->sha256, "");
}

TEST(ImageSource, AnArchivesOwnDigestIsReadAndItsLiesAreTold) {
  const std::string digest(64, 'a');
  const std::string disk = vmdk().text();
  const std::string with_sum =
      tar({{"m.ovf", ovf(64 * kMebi)}, {"m.mf", "SHA256(disk.vmdk)= " + digest + "\n"}, {"disk.vmdk", disk}});
  EXPECT_EQ(examine_source(bytes_of(with_sum), SourceFormat::kOva)->sha256, digest);
  const std::string lies = tar({{"m.ovf", ovf(65 * kMebi)}, {"disk.vmdk", disk}});
  EXPECT_THAT(problem(bytes_of(lies), SourceFormat::kOva), HasSubstr("contradicts itself"));
  const std::string without = tar({{"m.ovf", ovf(64 * kMebi, "other.vmdk")}, {"disk.vmdk", disk}});
  EXPECT_THAT(problem(bytes_of(without), SourceFormat::kOva), HasSubstr("does not have the disk"));
  const std::string no_ovf = tar({{"disk.vmdk", disk}});
  EXPECT_THAT(problem(bytes_of(no_ovf), SourceFormat::kOva), HasSubstr("no description"));
  const std::string half = ova().substr(0, 4096);
  EXPECT_THAT(problem(bytes_of(half), SourceFormat::kOva), HasSubstr("cut short"));
}

// ---- whatever the bytes are

TEST(ImageSource, EveryPrefixIsHandled) {
  for (const SparseFile& file : {qcow2(), vmdk(), vdi(), dynamic_vhd()}) {
    SparseFile cut = file;
    for (std::uint64_t size = 0; size < 2048; size += 13) {
      cut.resize(size);
      for (const auto format : {SourceFormat::kRaw, SourceFormat::kQcow2, SourceFormat::kVmdk, SourceFormat::kVdi,
                                SourceFormat::kVhd, SourceFormat::kVhdx, SourceFormat::kOva, SourceFormat::kIso}) {
        static_cast<void>(examine_source(cut, format));
      }
    }
  }
}

}  // namespace
}  // namespace tobari::vmhost
