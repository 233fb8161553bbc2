// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/ovf.h"

#include <gmock/gmock.h>

#include "core/clean_text.h"
#include "core/tar_list.h"
#include "core/xml_reader.h"
#include "disk_files.h"

namespace tobari::vmhost {
namespace {

using namespace disk_files;
using ::testing::HasSubstr;

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  text.replace(text.find(what), what.size(), with);
  return text;
}

std::string ovf_problem(const std::string& xml) {
  const auto machine = parse_ovf(xml);
  return machine ? "none" : machine.error().message;
}

TEST(Ovf, SaysWhatTheMachineNeeds) {
  const auto machine = parse_ovf(ovf(64 * kMebi));
  ASSERT_TRUE(machine) << describe(machine.error());
  EXPECT_EQ(machine->disk_file, "disk.vmdk");
  EXPECT_EQ(machine->disk_bytes, 64 * kMebi);
  EXPECT_EQ(machine->format, "vmdk");
  EXPECT_EQ(machine->guest, "Debian & friends");
  EXPECT_EQ(machine->memory_mib, 2048U);
  EXPECT_EQ(machine->vcpus, 4U);
  EXPECT_TRUE(machine->uefi);
}

TEST(Ovf, UnitsAreUnderstoodOrRefused) {
  const std::string xml = ovf(2);
  const auto with = [&xml](const std::string& unit) {
    return replaced(xml, "ovf:capacity=\"2\"", "ovf:capacity=\"2\" ovf:capacityAllocationUnits=\"" + unit + "\"");
  };
  EXPECT_EQ(parse_ovf(with("byte * 2^30"))->disk_bytes, 2048 * kMebi);
  EXPECT_EQ(parse_ovf(with("GigaBytes"))->disk_bytes, 2048 * kMebi);
  EXPECT_THAT(ovf_problem(with("byte * 2^99")), HasSubstr("not understood"));
  EXPECT_THAT(ovf_problem(replaced(xml, "capacity=\"2\"", "capacity=\"-2\"")), HasSubstr("not understood"));
  EXPECT_THAT(ovf_problem(replaced(xml, "capacity=\"2\"", "capacity=\"18446744073709551615\"")),
              HasSubstr("not understood"));
}

TEST(Ovf, MoreThanOneDiskOrMachineIsRefused) {
  const std::string xml = ovf(64 * kMebi);
  EXPECT_THAT(ovf_problem(replaced(xml, "</DiskSection>", "<Disk ovf:diskId='d2' ovf:fileRef='file1'/></DiskSection>")),
              HasSubstr("2 disks"));
  EXPECT_THAT(ovf_problem(replaced(xml, "</Envelope>", "<VirtualSystem/></Envelope>")), HasSubstr("2 machines"));
  EXPECT_THAT(ovf_problem(replaced(xml, "ovf:diskId=\"d1\"", "ovf:diskId=\"d1\" ovf:parentRef=\"d0\"")),
              HasSubstr("stands on another"));
  EXPECT_THAT(ovf_problem(replaced(xml, "ovf:id=\"file1\"", "ovf:id=\"file1\" ovf:compression=\"gzip\"")),
              HasSubstr("packed"));
  EXPECT_THAT(ovf_problem(replaced(xml, "ovf:fileRef=\"file1\"", "ovf:fileRef=\"file9\"")), HasSubstr("no file"));
}

TEST(CleanText, KeepsWhatCanBeShownAndNeverHalfACharacter) {
  EXPECT_EQ(clean_text("disk \xe5\xb8\xb3.vmdk", 64), "disk \xe5\xb8\xb3.vmdk");
  EXPECT_EQ(clean_text("a\xe5\xb8\xb3", 3), "a");
  EXPECT_EQ(clean_text("a\n\x1b[31m\x7f", 64), "a??[31m?");
  EXPECT_EQ(clean_text("\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80", 64), "??????????");
  EXPECT_EQ(clean_text("\xe5\xb8", 64), "??");
  EXPECT_EQ(clean_text("", 64), "");
}

// ---- the reader below

std::string xml_problem(const std::string& text) {
  XmlReader reader(text);
  for (;;) {
    const auto step = reader.next();
    if (!step) return step.error().message;
    if (!*step) return "none";
  }
}

TEST(XmlReader, TakesWhatIsWellFormed) {
  EXPECT_EQ(xml_problem("<a/>"), "none");
  EXPECT_EQ(xml_problem("<?xml version='1.0'?><!-- c --><a b='1' c=\"2\">x &lt; y<![CDATA[<raw>]]><d/></a>\n"), "none");
  XmlReader reader("<p:a q:b='&#65;&amp;'>t</p:a>");
  const auto begin = reader.next();
  ASSERT_TRUE(begin && *begin);
  EXPECT_EQ((*begin)->name, "a");
  EXPECT_EQ((*begin)->attribute("b"), "A&");
  EXPECT_EQ((*begin)->attribute("c"), "");
}

TEST(XmlReader, RefusesEverythingElse) {
  EXPECT_THAT(xml_problem("<a>"), HasSubstr("cut short"));
  EXPECT_THAT(xml_problem("<a></b>"), HasSubstr("an end without its beginning"));
  EXPECT_THAT(xml_problem("text"), HasSubstr("outside of the root"));
  EXPECT_THAT(xml_problem("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"), HasSubstr("document type"));
  EXPECT_THAT(xml_problem("<a>&x;</a>"), HasSubstr("an entity of its own"));
  EXPECT_THAT(xml_problem("<a>&#xD800;</a>"), HasSubstr("a character"));
  EXPECT_THAT(xml_problem("<a b=c/>"), HasSubstr("without a value"));
  EXPECT_THAT(xml_problem("<a b='c/>"), HasSubstr("does not end"));
  EXPECT_THAT(xml_problem("< a/>"), HasSubstr("without a name"));
  std::string deep;
  for (std::size_t i = 0; i <= kMaxXmlDepth; ++i) deep += "<a>";
  EXPECT_THAT(xml_problem(deep), HasSubstr("too deep"));
  EXPECT_THAT(xml_problem(std::string(kMaxXmlBytes + 1, ' ')), HasSubstr("larger"));
}

// ---- and the archive around it

TEST(TarList, FindsMembersWhereTheyLie) {
  const std::string archive = tar({{"a", std::string(700, 'a')}, {"b", "second"}});
  const auto members = list_tar(BytesInMemory(std::as_bytes(std::span(archive))));
  ASSERT_TRUE(members) << describe(members.error());
  ASSERT_EQ(members->size(), 2U);
  EXPECT_EQ((*members)[1].name, "b");
  EXPECT_EQ(archive.substr(static_cast<std::size_t>((*members)[1].at), 6), "second");
}

std::string tar_problem(const std::string& archive) {
  const auto members = list_tar(BytesInMemory(std::as_bytes(std::span(archive))));
  return members ? "none" : members.error().message;
}

TEST(TarList, RefusesWhatItCannotVouchFor) {
  EXPECT_THAT(tar_problem(std::string(2048, 'x')), HasSubstr("no tar archive"));
  EXPECT_THAT(tar_problem(tar_header("a", 4096)), HasSubstr("cut short"));
  EXPECT_THAT(tar_problem(tar_header("a", 0, 'x') + std::string(1024, '\0')), HasSubstr("extended headers"));
  std::string damaged = tar({{"a", "text"}, {"b", "text"}});
  damaged[1024 + 3] = 'z';
  EXPECT_THAT(tar_problem(damaged), HasSubstr("damaged"));
  std::string many;
  for (std::size_t i = 0; i <= kMaxTarMembers; ++i) many += tar_header("a", 0);
  EXPECT_THAT(tar_problem(many), HasSubstr("more than 64"));
}

}  // namespace
}  // namespace tobari::vmhost
