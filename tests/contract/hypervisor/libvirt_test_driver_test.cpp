// SPDX-License-Identifier: GPL-3.0-or-later
// LibvirtHypervisor over libvirt's own test driver: VMs that exist in this process only, so what is tested is our use
// of the API. The driver knows no x86_64 and no D-Bus display; it gets a description of its own.
#include <format>

#include <tobari/vmhost/domain_xml.h>
#include <tobari/vmhost/libvirt_hypervisor.h>

#include "hypervisor_contract.h"

namespace tobari::vmhost {
namespace {

struct TestDriver {
  static constexpr bool kHasDisplay = false;
  static constexpr bool kAskStops = true;
  static constexpr bool kCopies = false;
  static constexpr bool kSaves = true;
  static constexpr bool kExtraDisks = false;
  static Result<std::unique_ptr<Hypervisor>> make() {
    return make_libvirt_hypervisor({"test:///default", [](const DomainSpec& spec) {
                                      return std::format(
                                          "<domain type='test'><name>{}</name><uuid>{}</uuid><memory>65536</memory>"
                                          "<os><type>hvm</type></os></domain>",
                                          domain_name(spec.id), spec.id.str());
                                    }});
  }
  static bool define_network(Hypervisor&, const std::string&, const std::string&) { return false; }
  static DomainSpec spec(const DesktopId& id) {
    DomainSpec spec;
    spec.id = id;
    return spec;
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(LibvirtTestDriver, HypervisorContract, TestDriver);

// The driver comes with a running domain "test", which somebody else made.
TEST(LibvirtTestDriverForeign, OtherPeoplesDomainsAreNotSeen) {
  const auto hypervisor = TestDriver::make();
  ASSERT_TRUE(hypervisor);
  const auto all = (*hypervisor)->list();
  ASSERT_TRUE(all) << describe(all.error());
  EXPECT_TRUE(all->empty());
}

TEST(LibvirtTestDriverForeign, MalformedDescriptionIsOurMistake) {
  const auto hypervisor = make_libvirt_hypervisor({"test:///default", [](const DomainSpec&) { return "<domain"; }});
  ASSERT_TRUE(hypervisor);
  EXPECT_EQ((*hypervisor)->define(TestDriver::spec(DesktopId::random())).error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace tobari::vmhost
