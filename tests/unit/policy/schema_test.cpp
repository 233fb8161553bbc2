// SPDX-License-Identifier: GPL-3.0-or-later
// policy/schema.json says what the loader reads: the same keys, and nothing that the loader takes is refused.
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <tobari/policy/yaml_loader.h>

#include "json_schema.h"

namespace tobari::policy {
namespace {

using Json = nlohmann::json;

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  EXPECT_TRUE(stream) << file;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

const Json& schema() {
  static const Json loaded = Json::parse(text_of(TOBARI_POLICY_FOLDER "/schema.json"));
  return loaded;
}

std::string error_of(const std::string& yaml) {
  Findings findings;
  const YamlNode root = parse_yaml(yaml, findings);
  EXPECT_FALSE(findings.has_error()) << yaml;
  return schema_error(schema(), root);
}

TEST(Schema, KnowsTheKeysOfTheLoaderAndNoOthers) {
  EXPECT_EQ(schema().at("$schema"), "https://json-schema.org/draft/2020-12/schema");
  std::set<std::string> sections;
  for (const KeyTable& table : policy_keys()) {
    const std::string name(table.section);
    sections.insert(name);
    ASSERT_TRUE(schema()["$defs"].contains(name)) << name;
    const Json& section = schema()["$defs"][name];
    EXPECT_EQ(section.at("additionalProperties"), false) << name;
    const std::set<std::string> of_loader(table.keys.begin(), table.keys.end());
    std::set<std::string> of_schema;
    for (const auto& [key, unused] : section.at("properties").items()) of_schema.insert(key);
    EXPECT_EQ(of_schema, of_loader) << name;
  }
  for (const auto& [name, section] : schema()["$defs"].items()) {
    EXPECT_TRUE(!section.contains("properties") || sections.contains(name)) << name << " is no section of the loader";
  }
}

TEST(Schema, KnowsTheWordsOfTheLoader) {
  std::set<std::string> channels{"all"};
  for (const Channel& channel : kChannels) channels.emplace(channel.name);
  EXPECT_EQ(schema()["$defs"]["rule"]["properties"]["what"]["oneOf"][0]["enum"].get<std::set<std::string>>(), channels);
  const std::set<std::string> formats(kFormatNames.begin(), kFormatNames.end());
  EXPECT_EQ(schema()["$defs"]["limits"]["properties"]["formats"]["oneOf"][0]["enum"].get<std::set<std::string>>(),
            formats);
}

TEST(Schema, TakesOurPolicies) {
  EXPECT_EQ(error_of(text_of(TOBARI_POLICY_FOLDER "/sample.yaml")), "");
  EXPECT_EQ(error_of(text_of(TOBARI_POLICY_FOLDER "/../installer/demo-policy.yaml")), "");
}

TEST(Schema, TakesWhateverTheLoaderTakes) {
  int taken = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(TOBARI_POLICY_FOLDER "/../tests/fuzz/corpus/policy_text")) {
    const std::string text = text_of(entry.path());
    if (!load_text(text).policy) continue;
    EXPECT_EQ(error_of(text), "") << entry.path();
    ++taken;
  }
  EXPECT_GE(taken, 5);
}

TEST(Schema, RefusesWhatIsNoPolicy) {
  const std::string rule = "version: 1\nrules: [{name: a, what: connect, effect: allow, ";
  for (const std::string& bad :
       {std::string("rules: []"),
        std::string("version: 2\nrules: []"),
        std::string("version: 1\nrules: {}"),
        std::string("version: 1\nrules: []\ngroup: {}"),
        std::string("version: 1\nrules: [{name: a, what: connect}]"),
        std::string("version: 1\nrules: [{name: a, what: floppy, effect: allow}]"),
        std::string("version: 1\nrules: [{name: a, what: [], effect: allow}]"),
        std::string("version: 1\nrules: [{name: a, what: connect, effect: maybe}]"),
        std::string("version: 1\nrules: []\ngroups: {a: {users: x}}"),
        std::string("version: 1\nrules: []\ncalendars: {a: [today]}"),
        std::string("version: 1\nrules: []\negress: [{name: a, effect: deny, from: 10.0.0.0/8}]"),
        rule + "who: {}}]",
        rule + "who: {usr: a}}]",
        rule + "when: [{from: '08:00'}]}]",
        rule + "when: [{zone: UTC, from: 8am}]}]",
        rule + "mfa: {at_least: two}}]",
        rule + "client: [{at_least: '1'}]}]",
        rule + "certificate: [{sha256: ab}]}]",
        rule + "limits: {formats: png}}]",
        rule + "limits: {bytes_per_day: 0}}]",
        rule + "require: {idle_timeout: soon}}]",
        rule + "require: {max_monitors: 17}}]",
        rule + "usb: [{vendor: xyz}]}]"}) {
    EXPECT_NE(error_of(bad), "") << bad;
    EXPECT_FALSE(load_text(bad).policy.has_value()) << bad;
  }
}

}  // namespace
}  // namespace tobari::policy
