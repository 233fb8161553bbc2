// SPDX-License-Identifier: GPL-3.0-or-later
#include <filesystem>
#include <fstream>

#include <tobari/vmhost/fake_hypervisor.h>
#include <tobari/vmhost/machine_router.h>

#include "hypervisor_contract.h"

namespace tobari::vmhost {
namespace {

struct Fake {
  static constexpr bool kHasDisplay = true;
  static constexpr bool kAskStops = true;
  static constexpr bool kCopies = true;
  static constexpr bool kSaves = true;
  static constexpr bool kExtraDisks = true;
  static ExtraDisk extra_disk(const DesktopId& id) {
    return {.file = "/disks/" + id.str(), .serial = "0123456789abcdef"};
  }
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

struct FakeContainers : Fake {
  static constexpr bool kCopies = false;
  static constexpr bool kSaves = false;
  static constexpr bool kExtraDisks = false;
  static DomainSpec spec(const DesktopId& id) {
    DomainSpec spec = Fake::spec(id);
    spec.machine = MachineKind::kContainer;
    return spec;
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(FakeContainers, HypervisorContract, FakeContainers);

// Two behind one: each kind of desktop is as if there were no other.
struct RoutedMachines : Fake {
  static Result<std::unique_ptr<Hypervisor>> make() {
    auto machines = std::make_unique<FakeHypervisor>();
    machines->add_network("desks", "virbr-test");
    return std::unique_ptr<Hypervisor>(
        std::make_unique<MachineRouter>(std::move(machines), std::make_unique<FakeHypervisor>()));
  }
  static bool define_network(Hypervisor&, const std::string&, const std::string&) { return true; }
};
INSTANTIATE_TYPED_TEST_SUITE_P(RoutedMachines, HypervisorContract, RoutedMachines);

struct RoutedContainers : RoutedMachines {
  static constexpr bool kCopies = false;
  static constexpr bool kSaves = false;
  static constexpr bool kExtraDisks = false;
  static bool define_network(Hypervisor&, const std::string&, const std::string&) { return false; }
  static DomainSpec spec(const DesktopId& id) { return FakeContainers::spec(id); }
};
INSTANTIATE_TYPED_TEST_SUITE_P(RoutedContainers, HypervisorContract, RoutedContainers);

}  // namespace
}  // namespace tobari::vmhost
