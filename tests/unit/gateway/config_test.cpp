// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/config.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include <tobari/base/random.h>

namespace tobari::gateway {
namespace {

using testing::HasSubstr;

class ConfigTest : public testing::Test {
 protected:
  ~ConfigTest() override { std::filesystem::remove(file_); }
  Result<Config> load(const std::string& text) {
    std::ofstream(file_) << text;
    return load_config(file_);
  }
  std::filesystem::path file_ = std::filesystem::temp_directory_path() / ("gateway." + random_uuid() + ".yaml");
};

constexpr const char* kGood =
    "listen: '[::]:3389'\nbroker: broker.example:8444\nidentity_dir: /var/lib/tobari/gateway\n";

TEST_F(ConfigTest, ReadsAWholeFile) {
  const auto config = load(std::string(kGood) + "log_level: debug\nmetrics_listen: 9465\n");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->listen, (net::Endpoint{"::", 3389}));
  EXPECT_EQ(config->broker, "broker.example:8444");
  EXPECT_EQ(config->identity_dir, "/var/lib/tobari/gateway");
  EXPECT_EQ(config->log_level, log::Level::kDebug);
  EXPECT_EQ(config->metrics_listen, (net::Endpoint{"127.0.0.1", 9465}));
  EXPECT_EQ(load(kGood)->metrics_listen, std::nullopt) << "off by default";
}

TEST_F(ConfigTest, MayNameSeveralBrokers) {
  const auto with = [this](const std::string& brokers) {
    return load("listen: '[::]:3389'\nidentity_dir: /var/lib/tobari/gateway\nbroker: " + brokers + "\n");
  };
  EXPECT_EQ(with("[192.0.2.1:8444, 192.0.2.2:8444]")->broker, "ipv4:192.0.2.1:8444,192.0.2.2:8444");
  EXPECT_EQ(with("['[2001:db8::1]:8444', '[2001:db8::2]:1']")->broker, "ipv6:[2001:db8::1]:8444,[2001:db8::2]:1");
  EXPECT_EQ(with("[broker.example:8444]")->broker, "broker.example:8444");
  EXPECT_THAT(with("[a.example:1, b.example:1]").error().message, HasSubstr("numeric"));
  EXPECT_THAT(with("[192.0.2.1:1, '[2001:db8::2]:1']").error().message, HasSubstr("one family"));
}

TEST_F(ConfigTest, SaysWhichFileAndWhatToWrite) {
  EXPECT_THAT(load("").error().message, HasSubstr(file_.string()));
  EXPECT_THAT(load("listen: 127.0.0.1:0\n").error().message, HasSubstr("'broker' is missing"));
  EXPECT_THAT(load(std::string(kGood) + "lisen: x\n").error().message, HasSubstr("unknown key 'lisen'"));
  EXPECT_THAT(load("listen: 3389\nbroker: a:1\nidentity_dir: x\n").error().message, HasSubstr("ADDRESS:PORT"));
  EXPECT_THAT(load("listen: [\n").error().message, HasSubstr(".yaml:2: "));
  EXPECT_THAT(load("- a\n").error().message, HasSubstr("key: value"));
  EXPECT_THAT(load(std::string(70'000, '#')).error().message, HasSubstr("64 KiB"));
  EXPECT_EQ(load_config("/nonexistent.yaml").error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace tobari::gateway
