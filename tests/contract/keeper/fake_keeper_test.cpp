// SPDX-License-Identifier: GPL-3.0-or-later
#include "keeper/fake_keeper.h"

#include "keeper_contract.h"

namespace tobari::vmhost {
namespace {

class FakePlace {
 public:
  explicit FakePlace(std::chrono::seconds /*hold*/) {}
  std::unique_ptr<DescriptorKeeper> attach() { return std::make_unique<FakeKeeper>(house_); }
  void time_is_over() { house_.time_is_over(); }

 private:
  FakeKeeper::House house_;
};
INSTANTIATE_TYPED_TEST_SUITE_P(Fake, KeeperContract, FakePlace);

}  // namespace
}  // namespace tobari::vmhost
