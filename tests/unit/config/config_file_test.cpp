// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/config/config_file.h>

#include <array>
#include <fstream>

#include <gmock/gmock.h>

#include <tobari/base/random.h>

namespace tobari {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::array<std::string_view, 4> kKeys{"name", "listen", "names", "level"};

Result<ConfigFile> parse(const std::string& yaml) { return ConfigFile::parse(yaml, "x.yaml", kKeys); }
std::string why(const std::string& yaml) {
  const auto config = parse(yaml);
  return config ? "" : config.error().message;
}

TEST(ConfigFile, GivesWhatIsWritten) {
  const auto config = parse("name: alice\nlisten: '[::1]:99'\nnames: [a, b]\nlevel: debug\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->text("name").value(), "alice");
  EXPECT_EQ(config->endpoint("listen").value(), (net::Endpoint{"::1", 99}));
  EXPECT_THAT(config->list("names").value(), ElementsAre("a", "b"));
  EXPECT_EQ(config->log_level_or("level", log::Level::kError).value(), log::Level::kDebug);
}

TEST(ConfigFile, WhatIsMissingIsTheDefaultOrAnError) {
  const auto config = parse("listen: 127.0.0.1:1\n");
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->has("name"));
  EXPECT_EQ(config->text_or("name", "bob").value(), "bob");
  EXPECT_EQ(config->number_or("level", 7).value(), 7U);
  EXPECT_EQ(config->text("name").error().message, "x.yaml: 'name' is missing");
  EXPECT_EQ(config->list("names").error().message, "x.yaml: 'names' is missing");
}

TEST(ConfigFile, AnEmptyTextIsAValueOnlyWhereThereIsADefault) {
  const auto config = parse("listen: 127.0.0.1:1\nname: ''\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->text_or("name", "bob").value(), "");
  EXPECT_EQ(config->text("name").error().message, "x.yaml:2: 'name' needs a value");
}

TEST(ConfigFile, AValueOfAnotherKindIsAnErrorWithItsLine) {
  const auto config = parse("name:\n  a: b\nlisten: here\nnames: one\nlevel: -1\n");
  ASSERT_TRUE(config);
  EXPECT_THAT(config->text("name").error().message, HasSubstr("x.yaml:1: 'name'"));
  EXPECT_THAT(config->endpoint("listen").error().message, HasSubstr("x.yaml:3: 'listen'"));
  EXPECT_THAT(config->list("names").error().message, HasSubstr("x.yaml:4: 'names' must list"));
  EXPECT_THAT(config->number_or("level", 0).error().message, HasSubstr("x.yaml:5: 'level' must be a number"));
  EXPECT_THAT(config->folder("listen").error().message, HasSubstr("must be an absolute path"));
  EXPECT_THAT(config->log_level_or("level", log::Level::kInfo).error().message, HasSubstr("debug, info"));
}

TEST(ConfigFile, WhatIsNoConfigurationIsRefusedWithItsLine) {
  EXPECT_THAT(why(""), HasSubstr("'key: value' lines"));
  EXPECT_THAT(why("- a\n"), HasSubstr("'key: value' lines"));
  EXPECT_THAT(why("name: a\nlisten: [\n"), HasSubstr("x.yaml:3: "));
  EXPECT_EQ(why("name: a\ncolour: b\n"), "x.yaml:2: unknown key 'colour'; known are name, listen, names, level");
  EXPECT_EQ(why("name: a\nname: b\n"), "x.yaml:2: 'name' is there twice; keep one of them");
  EXPECT_THAT(why("[a]: b\n"), HasSubstr("unknown key '?'"));
}

TEST(ConfigFile, RecordsAreListsOfMapsWithTheseFields) {
  static constexpr std::array<std::string_view, 2> kFields{"name", "file"};
  const auto read = [](const std::string& value) {
    return ConfigFile::parse("names: " + value + "\n", "x.yaml", kKeys).value().records("names", kFields, 2);
  };
  EXPECT_THAT(read("[{file: f, name: a}, {name: b, file: g}]").value(),
              ElementsAre(ElementsAre("a", "f"), ElementsAre("b", "g")));
  EXPECT_THAT(parse("name: a\n").value().records("names", kFields, 2).value(), ElementsAre());
  for (const char* bad : {"[]", "text", "[a]", "[[a]]", "[{name: a, file: [b]}]", "[{name: a, name: b, file: c}]",
                          "[{name: a, file: f}, {name: a, file: f}, {name: a, file: f}]"}) {
    EXPECT_THAT(read(bad).error().message, HasSubstr("x.yaml:1: 'names' must list 1 to 2 maps of name, file")) << bad;
  }
  EXPECT_THAT(read("[{name: a}]").error().message, HasSubstr("needs 'file'"));
  EXPECT_THAT(read("[{name: a, file: ''}]").error().message, HasSubstr("needs 'file'"));
  EXPECT_THAT(read("[{name: a, file: f, x: y}]").error().message, HasSubstr("nothing else"));
}

TEST(ConfigFile, APortAloneIsThisMachines) {
  const auto at = [](const std::string& value) {
    return ConfigFile::parse("name: " + value + "\n", "x.yaml", kKeys).value().loopback_endpoint("name");
  };
  EXPECT_EQ(at("9464").value(), (net::Endpoint{"127.0.0.1", 9464}));
  EXPECT_EQ(at("10.0.0.5:9464").value(), (net::Endpoint{"10.0.0.5", 9464}));
  EXPECT_EQ(at("'[::1]:9464'").value(), (net::Endpoint{"::1", 9464}));
  EXPECT_THAT(at("94640").error().message, HasSubstr("x.yaml:1: 'name' "));
  EXPECT_FALSE(at("nowhere").has_value());
  const auto without = ConfigFile::parse("listen: 127.0.0.1:1\n", "x.yaml", kKeys).value().loopback_endpoint("name");
  EXPECT_EQ(without.value(), std::nullopt);
}

TEST(ConfigFile, FilesAreBoundedAndNamed) {
  const auto file = std::filesystem::temp_directory_path() / ("config." + random_uuid() + ".yaml");
  std::ofstream(file) << std::string(ConfigFile::kMaxBytes + 1, '#');
  EXPECT_THAT(ConfigFile::load(file, kKeys).error().message, HasSubstr("64 KiB"));
  std::ofstream(file) << "name: carol\n";
  EXPECT_EQ(ConfigFile::load(file, kKeys).value().text("name").value(), "carol");
  std::filesystem::remove(file);
  const auto gone = ConfigFile::load(file, kKeys);
  EXPECT_EQ(gone.error().code, Errc::kNotFound);
  EXPECT_THAT(gone.error().message, HasSubstr(file.string()));
}

}  // namespace
}  // namespace tobari
