// SPDX-License-Identifier: GPL-3.0-or-later
// Golden files: tests/data/vmhost/*.xml, written anew with UPDATE_GOLDEN=1. Each is valid by libvirt's own schema.
#include <tobari/vmhost/domain_xml.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tobari::vmhost {
namespace {

DomainSpec desktop() {
  DomainSpec spec;
  spec.id = *DesktopId::parse("11111111-2222-4333-8444-555555555555");
  spec.title = "alice-1";
  spec.kernel = "/srv/images/debian/vmlinux";
  spec.initrd = "/srv/images/debian/initrd.cpio";
  spec.cmdline = "root=/dev/vda quiet";
  spec.disk = "/var/lib/tobari/disks/11111111-2222-4333-8444-555555555555.qcow2";
  spec.backing_disk = "/srv/images/debian/disk.qcow2";
  spec.agent_channel = "org.tobari.agent.0";
  spec.agent_socket = "/var/lib/tobari/agents/11111111-2222-4333-8444-555555555555.sock";
  spec.user = VmUser{64055, 993};
  return spec;
}

std::string golden_path(const std::string& name) { return std::string(TOBARI_TEST_DATA) + "/vmhost/" + name + ".xml"; }

void expect_golden(const std::string& name, const std::string& xml, const std::string& kind = "domain") {
  const std::string path = golden_path(name);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << xml;
  std::stringstream golden;
  golden << std::ifstream(path).rdbuf();
  EXPECT_EQ(golden.str(), xml) << path;
  const std::string command = "virt-xml-validate " + path + " " + kind + " >/dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

TEST(DomainXml, Tcg) { expect_golden("tcg", domain_xml(desktop())); }

TEST(DomainXml, KvmWithManyHeads) {
  DomainSpec spec = desktop();
  spec.accelerator = Accelerator::kKvm;
  spec.heads = 4;
  spec.vcpus = 8;
  spec.memory_mib = 8192;
  expect_golden("kvm-4-heads", domain_xml(spec));
}

// No golden file: what is looked at is that libvirt takes it, and what is in it.
void expect_valid(const std::string& xml, const std::string& kind) {
  const std::string path = ::testing::TempDir() + "tobari-life.xml";
  std::ofstream(path) << xml;
  const std::string command = "virt-xml-validate " + path + " " + kind + " >/dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0) << xml;
}

TEST(DomainXml, AFolderIsMappedAndDevicesMayCome) {
  DomainSpec spec = desktop();
  spec.spare_ports = true;
  spec.folder = SharedFolder{.path = "/srv/homes/<alice>", .tag = "tobari-home"};
  const std::string xml = domain_xml(spec);
  EXPECT_THAT(xml, ::testing::HasSubstr("<filesystem type='mount' accessmode='mapped'>"));
  EXPECT_THAT(xml, ::testing::HasSubstr("<source dir='/srv/homes/&lt;alice&gt;'/>"));
  EXPECT_THAT(xml, ::testing::HasSubstr("model='pcie-root-port'"));
  EXPECT_THAT(domain_xml(desktop()), ::testing::Not(::testing::HasSubstr("pcie-root-port")));
  expect_valid(xml, "domain");
}

TEST(DomainXml, AFurtherDiskStatesItsFormatAndThatItStandsOnNothing) {
  const std::string xml = disk_xml({.file = "/srv/homes/a&b.qcow2", .serial = "0123456789abcdef"}, 1);
  EXPECT_THAT(xml, ::testing::HasSubstr("<driver name='qemu' type='qcow2'"));
  EXPECT_THAT(xml, ::testing::HasSubstr("<backingStore/>"));
  EXPECT_THAT(xml, ::testing::HasSubstr("<target dev='vdc' bus='virtio'/>"));
  EXPECT_THAT(xml, ::testing::HasSubstr("a&amp;b.qcow2"));
}

TEST(DomainXml, WithoutAgentInitrdAndUser) {
  DomainSpec spec = desktop();
  spec.agent_channel.clear();
  spec.initrd.clear();
  spec.user.reset();
  spec.title.clear();
  expect_golden("bare", domain_xml(spec));
}

TEST(DomainXml, BootsFromItsDiskWithoutAKernel) {
  DomainSpec spec = desktop();
  spec.kernel.clear();
  spec.initrd.clear();
  spec.firmware = Firmware::kUefi;
  expect_golden("uefi", domain_xml(spec));
}

// For systems that know no virtio.
TEST(DomainXml, FullVirtualizationAndAMedium) {
  DomainSpec spec = desktop();
  spec.kernel.clear();
  spec.initrd.clear();
  spec.agent_channel.clear();
  spec.devices = DeviceModel::kFull;
  spec.medium = "/srv/images/debian/medium.iso";
  spec.network = NetworkCard{.network = "desks", .bridge = "virbr7", .dhcp_servers = {"192.0.2.1"}};
  expect_golden("full-with-medium", domain_xml(spec));
}

TEST(DomainXml, WithANetwork) {
  DomainSpec spec = desktop();
  spec.network = NetworkCard{.network = "desks", .bridge = "virbr7", .dhcp_servers = {"192.0.2.1"}};
  expect_golden("network", domain_xml(spec));
  spec.network = NetworkCard{.network = "", .bridge = "br0", .dhcp_servers = {"192.0.2.1", "192.0.2.2"}};
  expect_golden("bridge", domain_xml(spec));
}

DomainSpec template_vm() {
  DomainSpec spec = desktop();
  spec.title.clear();
  spec.memory_mib = 512;
  spec.disk = "/var/lib/tobari/templates/11111111-2222-4333-8444-555555555555/disk.qcow2";
  spec.shared_ram = "/var/lib/tobari/templates/11111111-2222-4333-8444-555555555555/ram";
  return spec;
}

DomainSpec copy() {
  DomainSpec spec = desktop();
  spec.id = *DesktopId::parse("99999999-2222-4333-8444-555555555555");
  spec.memory_mib = 512;
  spec.frozen_disk = template_vm().disk;
  spec.network = NetworkCard{.network = "desks", .bridge = "virbr7", .dhcp_servers = {"192.0.2.1"}};
  return spec;
}

TemplateFiles files() { return {template_vm().shared_ram, "/var/lib/tobari/templates/x, y/state"}; }

TEST(DomainXml, Template) { expect_golden("template", domain_xml(template_vm())); }

TEST(DomainXml, Clone) { expect_golden("clone", clone_xml(copy(), files())); }

// What is started from the second time on: an ordinary machine, with its card, that boots from its disk.
TEST(DomainXml, CloneLater) { expect_golden("clone-later", domain_xml(copy())); }

TEST(DomainXml, CardAlone) {
  const std::string card = card_xml(copy().id, *copy().network, MachineKind::kVm);
  EXPECT_THAT(domain_xml(copy()), ::testing::HasSubstr(card));
  EXPECT_THAT(clone_xml(copy(), files()), ::testing::Not(::testing::HasSubstr("<interface")));
}

// The state of the devices names their places: a device more or less in one of the two, and it does not load.
TEST(DomainXml, CopyHasTheDevicesOfItsTemplate) {
  const auto devices = [](std::string xml) {
    const std::size_t begin = xml.find("<controller type='usb'");
    return xml.substr(begin, xml.find("</devices>") - begin);
  };
  DomainSpec of = template_vm();
  of.id = copy().id;
  EXPECT_EQ(devices(clone_xml(copy(), files())), devices(domain_xml(of)));
}

TEST(DomainXml, CommaInAPathEndsNoOption) {
  DomainSpec spec = template_vm();
  spec.shared_ram = "/srv/a,readonly=on/ram";
  EXPECT_THAT(domain_xml(spec), ::testing::HasSubstr("mem-path=/srv/a,,readonly=on/ram,share=on"));
}

TEST(DomainName, TellsDesktopsTemplatesAndOthersApart) {
  const DesktopId id = desktop().id;
  EXPECT_FALSE(parse_domain_name(domain_name(id))->is_template);
  EXPECT_EQ(parse_domain_name(domain_name(id))->id, id);
  EXPECT_TRUE(parse_domain_name(template_name(id))->is_template);
  EXPECT_EQ(parse_domain_name(template_name(id))->id, id);
  for (const std::string& other : std::vector<std::string>{"", "tobari", "tobari-", "tobari-template-", "tobari-x",
                                                           "web-1", "template-" + id.str()}) {
    EXPECT_FALSE(parse_domain_name(other)) << other;
  }
}

TEST(DomainXml, Guard) { expect_golden("guard", guard_xml(), "nwfilter"); }

TEST(DomainXml, TextCannotBecomeMarkup) {
  DomainSpec spec = desktop();
  spec.cmdline = "a</cmdline><qemu:arg value='x'/>&\"\x01";
  spec.title = "<script>";
  const std::string xml = domain_xml(spec);
  EXPECT_THAT(xml, ::testing::Not(::testing::HasSubstr("<qemu:arg")));
  EXPECT_THAT(xml, ::testing::Not(::testing::HasSubstr("\x01")));
  expect_golden("hostile-text", xml);
}

// What the mission forbids must not come back by accident: nothing that carries data out of the VM.
TEST(DomainXml, HasNoWayOut) {
  for (const char* way :
       {"<interface", "<hostdev", "<filesystem", "<redirdev", "<serial", "<vsock", "spicevmc", "qemu-vdagent"}) {
    EXPECT_THAT(domain_xml(desktop()), ::testing::Not(::testing::HasSubstr(way)));
    EXPECT_THAT(domain_xml(template_vm()), ::testing::Not(::testing::HasSubstr(way)));
    EXPECT_THAT(clone_xml(copy(), files()), ::testing::Not(::testing::HasSubstr(way)));
  }
}

}  // namespace
}  // namespace tobari::vmhost
