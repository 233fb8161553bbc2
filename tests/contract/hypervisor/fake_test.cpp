// SPDX-License-Identifier: GPL-3.0-or-later
#include <filesystem>
#include <fstream>

#include <tobari/vmhost/fake_hypervisor.h>

#include "hypervisor_contract.h"

namespace tobari::vmhost {
namespace {

struct Fake {
  static constexpr bool kHasDisplay = true;
  static constexpr bool kAskStops = true;
  static constexpr bool kCopies = true;
  static constexpr bool kExtraDisks = true;
  static ExtraDisk extra_disk(const DesktopId& id) { return {.file = "/disks/" + id.str(), .serial = "0123456789abcdef"}; }
  static Result<std::unique_ptr<Hypervisor>> make() { return std::unique_ptr<Hypervisor>(new FakeHypervisor()); }
  static bool define_network(Hypervisor& hypervisor, const std::string& name, const std::string& bridge) {
    static_cast<FakeHypervisor&>(hypervisor).add_network(name, bridge);
    return true;
  }
  static DomainSpec spec(const DesktopId& id) {
    DomainSpec spec;
    spec.id = id;
    return spec;
  }
  static DomainSpec spec(const DesktopId& id, const DomainSpec&) { return spec(id); }
  static DomainSpec template_spec(const DesktopId& id) {
    DomainSpec made = spec(id);
    const std::filesystem::path dir = std::filesystem::path(::testing::TempDir()) / ("fake-template-" + id.str());
    std::filesystem::create_directories(dir);
    made.shared_ram = dir / "ram";
    for (const char* file : {"ram", "state"}) std::ofstream(dir / file).flush();
    return made;
  }
  static void seal(const DomainSpec&) {}
};
INSTANTIATE_TYPED_TEST_SUITE_P(Fake, HypervisorContract, Fake);

}  // namespace
}  // namespace tobari::vmhost
