// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include <tobari/vmhost/domain_xml.h>

namespace tobari::vmhost {
namespace {

TEST(ChooseAccelerator, KvmNeedsDeviceAndFlag) {
  const char* intel = "processor\t: 0\nflags\t\t: fpu vme vmx ssse3\n";
  const char* amd = "flags\t\t: fpu svm\n";
  EXPECT_EQ(choose_accelerator(true, intel), Accelerator::kKvm);
  EXPECT_EQ(choose_accelerator(true, amd), Accelerator::kKvm);
  EXPECT_EQ(choose_accelerator(false, intel), Accelerator::kTcg);
}

TEST(ChooseAccelerator, DeviceWithoutFlagIsTcg) {
  EXPECT_EQ(choose_accelerator(true, ""), Accelerator::kTcg);
  EXPECT_EQ(choose_accelerator(true, "flags : fpu\n"), Accelerator::kTcg);
  EXPECT_EQ(choose_accelerator(true, "flags : fpu svm_lock vmx_x xvmx\n"), Accelerator::kTcg);
  EXPECT_EQ(choose_accelerator(true, "vmx flags\t: vnmi vmx\nmodel name : vmx\n"), Accelerator::kTcg);
}

}  // namespace
}  // namespace tobari::vmhost
