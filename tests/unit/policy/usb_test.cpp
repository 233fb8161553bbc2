// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/usb.h>

#include <gmock/gmock.h>

#include <tobari/policy/policy_set.h>

namespace tobari::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint8_t kHid = 0x03;
constexpr std::uint8_t kStorage = 0x08;
constexpr std::uint8_t kSmartcard = 0x0b;
constexpr std::uint16_t kYubico = 0x1050;

Rule usb(const char* name, Effect effect, UsbMatch match) {
  Rule rule{.name = name, .effect = effect, .what = {find_channel("usb").value()}};
  rule.conditions.usb = {std::move(match)};
  return rule;
}
UsbMatch of_class(std::uint8_t device_class) {
  return {.device_class = device_class, .vendor = {}, .product = {}, .serial = {}};
}
UsbMatch model(std::uint16_t vendor, std::optional<std::uint16_t> product = {},
               std::optional<std::string> serial = {}) {
  return {.device_class = {}, .vendor = vendor, .product = product, .serial = std::move(serial)};
}

std::vector<bool> allowed(const PolicySet& policy, const DeviceDescription& device) {
  std::vector<bool> out;
  for (const Decision& decision : decide_device(policy, {.user = "alice"}, device)) out.push_back(decision.allowed);
  return out;
}

TEST(Usb, ACompositeDeviceIsSplit) {
  const PolicySet policy({usb("cards", Effect::kAllow, of_class(kSmartcard))});
  const DeviceDescription key{.vendor = kYubico,
                              .product = 0x0407,
                              .serial = "",
                              .device_class = 0,
                              .interface_classes = {kHid, kSmartcard, kHid}};
  EXPECT_THAT(allowed(policy, key), ElementsAre(false, true, false)) << "a keyboard does not ride along";
}

TEST(Usb, ADeniedModelIsDeniedWhole) {
  const PolicySet policy(
      {usb("cards", Effect::kAllow, of_class(kSmartcard)), usb("recall", Effect::kDeny, model(kYubico, 0x0407))});
  DeviceDescription key{
      .vendor = kYubico, .product = 0x0407, .serial = "", .device_class = 0, .interface_classes = {kSmartcard, kHid}};
  EXPECT_THAT(allowed(policy, key), ElementsAre(false, false));
  key.product = 0x0408;
  EXPECT_THAT(allowed(policy, key), ElementsAre(true, false));
}

TEST(Usb, ADeviceThatIsOneClassAsAWholeIsDeniedByThatClass) {
  const PolicySet policy(
      {usb("ours", Effect::kAllow, model(kYubico)), usb("no disks", Effect::kDeny, of_class(kStorage))});
  const DeviceDescription liar{
      .vendor = kYubico, .product = 1, .serial = "", .device_class = kStorage, .interface_classes = {kSmartcard}};
  EXPECT_THAT(allowed(policy, liar), ElementsAre(false));
  const PolicySet disks({usb("disks", Effect::kAllow, of_class(kStorage))});
  EXPECT_THAT(allowed(disks, liar), ElementsAre(false)) << "a permission looks at the interface alone";
}

TEST(Usb, VendorProductAndSerialMustAllBeThere) {
  const PolicySet policy({usb("one", Effect::kAllow, model(kYubico, 0x0407, "77"))});
  DeviceDescription key{
      .vendor = kYubico, .product = 0x0407, .serial = "77", .device_class = 0, .interface_classes = {kSmartcard}};
  EXPECT_THAT(allowed(policy, key), ElementsAre(true));
  key.serial = "78";
  EXPECT_THAT(allowed(policy, key), ElementsAre(false));
  key.serial = "";
  EXPECT_THAT(allowed(policy, key), ElementsAre(false));
  key.serial = "77";
  key.vendor = 1;
  EXPECT_THAT(allowed(policy, key), ElementsAre(false));
}

TEST(Usb, ClassesHaveNamesAndNumbers) {
  EXPECT_EQ(parse_usb_class("smartcard"), kSmartcard);
  EXPECT_EQ(parse_usb_class("0x0B"), kSmartcard);
  EXPECT_EQ(parse_usb_id("20a0"), 0x20a0);
  for (const char* bad : {"", "toaster", "0x", "0xb", "0x0bb", "0xzz", "11"}) {
    EXPECT_EQ(parse_usb_class(bad), std::nullopt) << bad;
  }
  for (const char* bad : {"", "20a", "20a00", "0x20", "20ag"}) EXPECT_EQ(parse_usb_id(bad), std::nullopt) << bad;
}

TEST(Usb, ADeviceWithoutInterfacesIsNothing) {
  const PolicySet policy({{.name = "all usb", .effect = Effect::kAllow, .what = {find_channel("usb").value()}}});
  EXPECT_THAT(allowed(policy, {}), IsEmpty());
  EXPECT_THAT(
      allowed(policy, {.vendor = 1, .product = 1, .serial = "", .device_class = 0, .interface_classes = {kHid}}),
      ElementsAre(true));
}

}  // namespace
}  // namespace tobari::policy
