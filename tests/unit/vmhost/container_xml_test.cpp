// SPDX-License-Identifier: GPL-3.0-or-later
// Golden files: tests/data/vmhost/container*.xml, written anew with UPDATE_GOLDEN=1. Each is valid by libvirt's own
// schema.
#include <tobari/vmhost/container_xml.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tobari/vmhost/domain_xml.h>
#include <tobari/vmhost/ports.h>

namespace tobari::vmhost {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

DomainSpec container() {
  DomainSpec spec;
  spec.id = *DesktopId::parse("11111111-2222-4333-8444-555555555555");
  spec.title = "alice-1";
  spec.machine = MachineKind::kContainer;
  spec.container = {.base = "/var/lib/tobari/bases/0123456789abcdef",
                    .own = "/var/lib/tobari/disks/11111111-2222-4333-8444-555555555555",
                    .first_id = 2'100'065'536,
                    .host_name = "alice-1"};
  return spec;
}

void expect_golden_container(const std::string& name, const std::string& xml) {
  const std::string path = std::string(TOBARI_TEST_DATA) + "/vmhost/" + name + ".xml";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << xml;
  std::stringstream golden;
  golden << std::ifstream(path).rdbuf();
  EXPECT_EQ(golden.str(), xml) << path;
  const std::string command = "virt-xml-validate " + path + " domain >/dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

TEST(ContainerXml, WithoutANetwork) { expect_golden_container("container", container_xml(container())); }

TEST(ContainerXml, WithANetwork) {
  DomainSpec spec = container();
  spec.vcpus = 4;
  spec.memory_mib = 512;
  spec.network = NetworkCard{.network = "desks", .bridge = "virbr7", .dhcp_servers = {"192.0.2.1"}};
  expect_golden_container("container-network", container_xml(spec));
}

// Its traffic goes the way that a machine's goes: the same guard, the same name and MAC for the packet filter.
TEST(ContainerXml, ItsCardIsAMachinesWithAnotherInside) {
  DomainSpec spec = container();
  spec.network = NetworkCard{.network = "", .bridge = "br0", .dhcp_servers = {"192.0.2.1"}};
  EXPECT_THAT(container_xml(spec), HasSubstr(card_xml(spec.id, *spec.network, MachineKind::kContainer)));
  std::string card = card_xml(spec.id, *spec.network, MachineKind::kVm);
  const std::string model = "      <model type='virtio'/>\n";
  card.replace(card.find(model), model.size(), "      <guest dev='eth0'/>\n");
  EXPECT_THAT(container_xml(spec), HasSubstr(card));
  EXPECT_THAT(container_xml(spec), HasSubstr("filter='" + std::string(kGuardName) + "'"));
}

TEST(ContainerXml, TextCannotBecomeMarkup) {
  DomainSpec spec = container();
  spec.title = "<script>";
  spec.container.host_name = "a</initarg><init>/bin/sh</init>";
  spec.container.own = "/srv/a'/><target dir='/etc";
  const std::string xml = container_xml(spec);
  EXPECT_THAT(xml, Not(HasSubstr("<init>/bin/sh")));
  EXPECT_THAT(xml, Not(HasSubstr("<target dir='/etc")));
  EXPECT_THAT(xml, Not(HasSubstr("<script>")));
}

// What must not come by accident: a device or file system of the host, its network, its users, more than default
// rights.
TEST(ContainerXml, SharesNothingButItsFiles) {
  const std::string xml = container_xml(container());
  for (const char* way : {"<hostdev", "<interface", "<disk", "<serial", "<channel", "sharenet", "policy='allow'"}) {
    EXPECT_THAT(xml, Not(HasSubstr(way))) << way;
  }
  EXPECT_THAT(xml, HasSubstr("<privnet/>")) << "or it would have the host's network";
  EXPECT_THAT(xml, HasSubstr("<uid start='0' target='2100065536' count='65536'/>"));
  EXPECT_THAT(xml, HasSubstr("<gid start='0' target='2100065536' count='65536'/>"));
  std::size_t folders = 0;
  for (std::size_t at = xml.find("<filesystem"); at != std::string::npos; at = xml.find("<filesystem", at + 1)) {
    ++folders;
  }
  EXPECT_EQ(folders, 3U) << "the base as its root and below its overlay, and its own";
}

// With the descriptors that it was given only the host can start it again.
TEST(ContainerXml, IsNotStartedAgainByLibvirt) {
  EXPECT_THAT(container_xml(container()), HasSubstr("<on_reboot>destroy</on_reboot>"));
}

TEST(ContainerXml, MachineIdIsTheDesktopsOwn) {
  EXPECT_EQ(machine_id_of(container().id), "11111111222243338444555555555555");
}

TEST(ContainerPortNames, FitASocketsAddress) {
  const std::string folder(107 - 8 - 36 - 5 + 7, 'x');  // the longest state_dir that is taken, and "/agents"
  for (const std::string& path : {agent_port(folder, container().id), clipboard_port(folder, container().id),
                                  picture_port(folder, container().id)}) {
    EXPECT_LE(path.size(), 107U) << path;
  }
}

TEST(ContainerRefusal, SaysWhatTheHostLacks) {
  EXPECT_THAT(container_refusal("internal error: guest failed to start: Failure in libvirt_lxc startup: Unable to "
                                "create directory /sys/fs/cgroup/unified: Read-only file system")
                  .value_or(""),
              HasSubstr("both versions"));
  EXPECT_THAT(container_refusal("Unable to find 'memory' cgroups controller mount").value_or(""),
              HasSubstr("cpuacct, devices and memory"));
  EXPECT_THAT(container_refusal("Failed to create v1 controller cpu for group: cgroup").value_or(""),
              HasSubstr("control group"));
  EXPECT_THAT(container_refusal("Kernel doesn't support user namespace").value_or(""), HasSubstr("user name spaces"));
  EXPECT_THAT(container_refusal("no connection driver available for lxc:///system").value_or(""),
              HasSubstr("libvirt-daemon-driver-lxc"));
  EXPECT_FALSE(container_refusal("Failed to connect socket: Connection refused"));
  EXPECT_FALSE(container_refusal("Requested operation is not valid: domain is already running"));
  EXPECT_FALSE(container_refusal("Failed to access '/var/lib/tobari/bases/x': No such file or directory"));
}

}  // namespace
}  // namespace tobari::vmhost
