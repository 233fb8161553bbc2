// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config.h"

#include <format>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tobari::vmhost {
namespace {

using ::testing::HasSubstr;

const std::string kGood = R"(broker: 127.0.0.1:8444
identity_dir: /etc/tobari/identity
state_dir: /var/lib/tobari
images_dir: /srv/images
front_listen: 127.0.0.1:3390
display_program: /usr/bin/tobari-display
)";

std::string error_of(const std::string& yaml) {
  const auto config = parse_config(yaml);
  return config ? "none" : config.error().message;
}

TEST(Config, DefaultsAndGivenValues) {
  const auto config =
      parse_config(kGood + "front_address: '[::1]:99'\nname: host-1\nlog_level: debug\naccelerator: tcg\n");
  ASSERT_TRUE(config) << describe(config.error());
  EXPECT_EQ(config->libvirt_uri, "qemu:///system");
  EXPECT_EQ(config->front_listen.port, 3390);
  EXPECT_EQ(config->front_address.address, "::1");
  EXPECT_EQ(config->name, "host-1");
  EXPECT_EQ(config->log_level, log::Level::kDebug);
  EXPECT_EQ(parse_config(kGood)->front_address, parse_config(kGood)->front_listen);
}

TEST(Config, SaysWhatIsWrong) {
  EXPECT_THAT(error_of(""), HasSubstr("key: value"));
  EXPECT_THAT(error_of("a: [\n"), HasSubstr("vmhost.yaml:2: "));
  EXPECT_THAT(error_of(kGood + "colour: blue\n"), HasSubstr("vmhost.yaml:7: unknown key 'colour'"));
  EXPECT_THAT(error_of("broker: 127.0.0.1:1\n"), HasSubstr("'identity_dir' is missing"));
  EXPECT_THAT(error_of(kGood + "name: Not_A_Name\n"), HasSubstr("'name'"));
  EXPECT_THAT(error_of(kGood + "accelerator: xen\n"), HasSubstr("'accelerator'"));
  EXPECT_THAT(error_of(kGood + "first_display_uid: many\n"), HasSubstr("'first_display_uid'"));
  EXPECT_THAT(error_of(kGood + "front_address: nowhere\n"), HasSubstr("front_address"));
}

TEST(Config, NamesOneBrokerOrAll) {
  EXPECT_EQ(parse_config(kGood)->brokers, std::vector<std::string>{"127.0.0.1:8444"});
  const std::string rest = kGood.substr(kGood.find('\n') + 1);
  const auto with = [&rest](const std::string& brokers) { return parse_config("broker: " + brokers + "\n" + rest); };
  EXPECT_EQ(with("[192.0.2.1:8444, b.example:8444]")->brokers,
            (std::vector<std::string>{"192.0.2.1:8444", "b.example:8444"}));
  EXPECT_THAT(with("[192.0.2.1:8444, 192.0.2.1:8444]").error().message, HasSubstr("twice"));
  EXPECT_THAT(with("[192.0.2.1:8444, nowhere]").error().message, HasSubstr("'broker'"));
  EXPECT_THAT(with("[]").error().message, HasSubstr("'broker'"));
}

TEST(Config, UsersDisksAreTheHostsOwnOrOfAStorageWithAName) {
  EXPECT_EQ(parse_config(kGood)->user_disks.folder, "/var/lib/tobari/user-disks");
  const auto config = parse_config(
      kGood +
      "user_disks_dir: /srv/homes\nuser_disks_max_gib: 500\nuser_storages:\n  - {name: nas, folder: /mnt/nas}\n");
  ASSERT_TRUE(config) << describe(config.error());
  EXPECT_EQ(config->user_disks.folder, "/srv/homes");
  EXPECT_EQ(config->user_disks.max_gib, 500U);
  EXPECT_EQ(config->user_storages.at("nas").folder, "/mnt/nas");
  const auto with = [](const char* storages) { return error_of(kGood + "user_storages:\n" + storages); };
  EXPECT_THAT(with("  - {name: NAS, folder: /mnt/nas}\n"), HasSubstr("'user_storages'"));
  EXPECT_THAT(with("  - {name: nas, folder: mnt}\n"), HasSubstr("absolute"));
  EXPECT_THAT(with("  - {name: nas, folder: /a}\n  - {name: nas, folder: /b}\n"), HasSubstr("twice"));
}

TEST(Config, KeeperAndRestarts) {
  const auto plain = parse_config(kGood);
  EXPECT_EQ(plain->keeper_program + plain->keeper_socket, "") << "none unless one is named";
  EXPECT_EQ(plain->keeper_hold_seconds, 60U);
  EXPECT_EQ(plain->desktop_restarts, 4U);
  const auto config = parse_config(kGood +
                                   "keeper_program: /usr/bin/tobari-keeper\nkeeper_hold_seconds: 20\n"
                                   "desktop_restarts: 0\n");
  ASSERT_TRUE(config) << describe(config.error());
  EXPECT_EQ(config->keeper_program, "/usr/bin/tobari-keeper");
  EXPECT_EQ(config->keeper_hold_seconds, 20U);
  EXPECT_EQ(config->desktop_restarts, 0U);
  EXPECT_THAT(error_of(kGood + "keeper_program: a\nkeeper_socket: b\n"), HasSubstr("one of them"));
  for (const char* seconds : {"0", "4", "301"}) {
    EXPECT_THAT(error_of(kGood + "keeper_hold_seconds: " + seconds + "\n"), HasSubstr("5 to 300"));
  }
  EXPECT_THAT(error_of(kGood + "desktop_restarts: 101\n"), HasSubstr("at most 100"));
}

TEST(Config, ContainersAreAllowedByAWord) {
  EXPECT_FALSE(parse_config(kGood)->containers) << "they share the host's kernel: somebody has to want that";
  const auto config = parse_config(kGood + "containers: on\nfirst_container_id: 300000\n");
  ASSERT_TRUE(config) << describe(config.error());
  EXPECT_TRUE(config->containers);
  EXPECT_EQ(config->container_uri, "lxc:///system");
  EXPECT_EQ(config->first_container_id, 300'000U);
  EXPECT_THAT(error_of(kGood + "containers: perhaps\n"), HasSubstr("'containers'"));
  EXPECT_THAT(error_of(kGood + "first_container_id: 0\n"), HasSubstr("'first_container_id'"));
  EXPECT_THAT(error_of(kGood + "first_container_id: 4200000000\n"), HasSubstr("'first_container_id'"))
      << "the last container's last user would be none";
}

TEST(Config, DisplaysAreStartedByUsOrByTheServiceManager) {
  std::string yaml = kGood;
  EXPECT_THAT(error_of(kGood + "display_socket: /run/tobari/display.socket\n"), HasSubstr("one of them"));
  yaml.replace(yaml.find("display_program"), std::string("display_program").size(), "display_socket");
  const auto config = parse_config(yaml);
  ASSERT_TRUE(config) << describe(config.error());
  EXPECT_EQ(config->display_program, "");
  EXPECT_EQ(config->display_socket, "/usr/bin/tobari-display");
  yaml.erase(yaml.find("display_socket"));
  EXPECT_THAT(error_of(yaml), HasSubstr("one of them"));
}

TEST(Config, HowRecordingsAreKept) {
  EXPECT_EQ(parse_config(kGood)->recordings_dir, "/var/lib/tobari/recordings");
  const auto config = parse_config(kGood +
                                   "recordings_dir: /srv/recordings\nrecordings_max_gib: 500\n"
                                   "recordings_keep_days: 90\nrecordings_hold_days: 30\n");
  ASSERT_TRUE(config) << describe(config.error());
  EXPECT_EQ(config->recordings_dir, "/srv/recordings");
  EXPECT_EQ(config->recordings_max_gib, 500U);
  EXPECT_EQ(config->recordings_keep_days, 90U);
  EXPECT_EQ(config->recordings_hold_days, 30U);
  EXPECT_THAT(error_of(kGood + "recordings_dir: here\n"), HasSubstr("absolute"));
  EXPECT_THAT(error_of(kGood + "recordings_keep_days: 5\nrecordings_hold_days: 6\n"),
              HasSubstr("recordings_hold_days"));
  EXPECT_THAT(error_of(kGood + "recordings_hold_days: 99999\n"), HasSubstr("36500"));
}

TEST(Config, Network) {
  EXPECT_FALSE(parse_config(kGood)->network.has_value());
  const auto own = parse_config(kGood + "network: desks\nmanagement_networks: [10.0.0.0/8]\n");
  ASSERT_TRUE(own) << describe(own.error());
  EXPECT_EQ(own->network->network, "desks");
  EXPECT_EQ(own->network->management->size(), 1U);
  EXPECT_EQ(own->network->always_closed.size(), 1U) << "the broker";
  const auto bridge = parse_config(kGood + "bridge: br0\nnetwork_servers: [192.0.2.1, 192.0.2.2]\n");
  ASSERT_TRUE(bridge) << describe(bridge.error());
  EXPECT_EQ(bridge->network->servers.size(), 2U);
  EXPECT_FALSE(bridge->network->management.has_value());
  EXPECT_THAT(error_of(kGood + "bridge: br0\n"), HasSubstr("needs 'network_servers'"));
  EXPECT_THAT(error_of(kGood + "bridge: br0\nnetwork: desks\n"), HasSubstr("two networks"));
  EXPECT_THAT(error_of(kGood + "bridge: \"br0 ; x\"\nnetwork_servers: [192.0.2.1]\n"), HasSubstr("no name of a"));
  EXPECT_THAT(error_of(kGood + "bridge: br0\nnetwork_servers: ['2001:db8::1']\n"), HasSubstr("IPv4"));
  EXPECT_THAT(error_of(kGood + "network: \"a'b\"\n"), HasSubstr("no name of a libvirt network"));
  EXPECT_THAT(error_of(kGood + "network: a\nmanagement_networks: [10.1.2.3/8]\n"), HasSubstr("networks like"));
  EXPECT_THAT(error_of(kGood + "network_servers: [192.0.2.1]\n"), HasSubstr("write 'network' or 'bridge'"));
}

TEST(Config, AStateDirTooLongForASocketIsRefused) {
  std::string yaml = kGood;
  yaml.replace(yaml.find("/var/lib/tobari"), 15, "/" + std::string(80, 'x'));
  EXPECT_THAT(error_of(yaml), HasSubstr("'state_dir' is longer"));
}

}  // namespace
}  // namespace tobari::vmhost
