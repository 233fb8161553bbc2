// SPDX-License-Identifier: GPL-3.0-or-later
// Golden files: tests/data/vmhost/*.xml, written anew with UPDATE_GOLDEN=1. Each is valid by libvirt's own schema.
#include <tobari/vmhost/domain_xml.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

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

TEST(DomainXml, WithoutAgentInitrdAndUser) {
  DomainSpec spec = desktop();
  spec.agent_channel.clear();
  spec.initrd.clear();
  spec.user.reset();
  spec.title.clear();
  expect_golden("bare", domain_xml(spec));
}

TEST(DomainXml, WithANetwork) {
  DomainSpec spec = desktop();
  spec.network = NetworkCard{.network = "desks", .bridge = "virbr7", .dhcp_servers = {"192.0.2.1"}};
  expect_golden("network", domain_xml(spec));
  spec.network = NetworkCard{.network = "", .bridge = "br0", .dhcp_servers = {"192.0.2.1", "192.0.2.2"}};
  expect_golden("bridge", domain_xml(spec));
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
  }
}

}  // namespace
}  // namespace tobari::vmhost
