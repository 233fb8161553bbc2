// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/vmhost/fake_hypervisor.h>

#include "hypervisor_contract.h"

namespace tobari::vmhost {
namespace {

struct Fake {
  static constexpr bool kHasDisplay = true;
  static constexpr bool kAskStops = true;
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
};
INSTANTIATE_TYPED_TEST_SUITE_P(Fake, HypervisorContract, Fake);

}  // namespace
}  // namespace tobari::vmhost
