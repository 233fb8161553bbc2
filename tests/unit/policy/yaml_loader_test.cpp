// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/yaml_loader.h>

#include <string>

#include <gmock/gmock.h>

#include "findings.h"

namespace tobari::policy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kGood = R"(version: 1
groups:
  traders: [alice, bob]
rules:
  - name: open
    what: [connect]
    who: {group: traders, pool: [trading]}
    network: [10.0.0.0/8, '2001:db8::/32']
    effect: allow
  - {name: shut, what: all, who: {user: mallory}, effect: deny}
)";

TEST(YamlLoader, ReadsTheWholeLanguage) {
  const Loaded loaded = load_text(kGood);
  ASSERT_THAT(loaded.findings, IsEmpty());
  ASSERT_TRUE(loaded.policy.has_value());
  ASSERT_THAT(loaded.policy->rules(), SizeIs(2));
  const Rule& open = loaded.policy->rules()[0];
  EXPECT_EQ(open.name, "open");
  EXPECT_EQ(open.line, 5);
  EXPECT_EQ(open.effect, Effect::kAllow);
  EXPECT_THAT(open.what, ElementsAre(find_channel("connect").value()));
  EXPECT_THAT(open.who.groups, ElementsAre("traders"));
  EXPECT_THAT(open.who.pools, ElementsAre("trading"));
  EXPECT_THAT(open.conditions.networks, SizeIs(2));
  const Rule& shut = loaded.policy->rules()[1];
  EXPECT_EQ(shut.line, 10);
  EXPECT_THAT(shut.what, SizeIs(kChannels.size()));
  EXPECT_THAT(shut.who.users, ElementsAre("mallory"));
}

TEST(YamlLoader, FindsAllErrorsAtOnceEachWithItsLine) {
  const Loaded loaded = load_text(R"(version: 2
rules:
  - name: one
    what: [conect]
    effect: alow
  - name: one
    what: []
    whoo: {user: x}
    network: [10.1.2.3/8]
    effect: deny
  - what: connect
    effect: allow
  - name: all-open
    what: all
    effect: allow
  - just text
)");
  EXPECT_FALSE(loaded.policy.has_value());
  EXPECT_THAT(loaded.findings,
              ElementsAre(error(1, "write 'version: 1'"), error(4, "unknown channel 'conect'"),
                          error(5, "'effect: allow' or 'effect: deny'"), error(6, "'one' exists already"),
                          error(7, "empty"), error(8, "unknown key 'whoo'"), error(9, "'10.1.2.3/8' is not a network"),
                          error(11, "needs a name"), error(14, "can only be denied"), error(16, "begin it with")));
}

TEST(YamlLoader, AnErrorOnLineSevenSaysLineSeven) {
  const Loaded loaded = load_text(
      "version: 1\nrules:\n  - name: a\n    what: connect\n    effect: allow\n  - name: b\n    what: prnter\n    "
      "effect: deny\n");
  ASSERT_THAT(loaded.findings, SizeIs(1));
  EXPECT_THAT(describe(loaded.findings[0], "desk.yaml"),
              AllOf(HasSubstr("desk.yaml:7: error: "), HasSubstr("prnter"), HasSubstr("printer")));
}

TEST(YamlLoader, WarnsOfWhatIsAllowedButMayNotBeMeant) {
  const Loaded loaded = load_text(R"(version: 1
rules:
  - name: early
    what: [drive]
    effect: allow
  - name: narrow
    what: [connect]
    who: {user: [a], group: [nobody-knows]}
    effect: allow
)");
  EXPECT_TRUE(loaded.policy.has_value());
  EXPECT_THAT(loaded.findings, ElementsAre(warning(4, "does not have yet"), warning(8, "both must hold"),
                                           warning(8, "only a directory can make it match")));
}

TEST(YamlLoader, AConditionWithoutValueIsAnErrorNotEverybody) {
  for (const char* condition : {"who: {user: []}", "who: {user: }", "who: {}", "who:", "network: []", "network:"}) {
    const std::string text =
        std::string("version: 1\nrules:\n  - name: a\n    what: connect\n    effect: allow\n    ") + condition + "\n";
    const Loaded loaded = load_text(text);
    EXPECT_FALSE(loaded.policy.has_value()) << condition;
    EXPECT_THAT(loaded.findings, ElementsAre(Field(&Finding::line, 6))) << condition;
  }
}

TEST(YamlLoader, ARepeatedKeyIsAnError) {
  EXPECT_THAT(load_text("version: 1\nrules: []\nrules: []\n").findings, ElementsAre(error(3, "stands twice")));
}

TEST(YamlLoader, RefusesWhatIsNotOnePlainDocument) {
  EXPECT_THAT(load_text("").findings, ElementsAre(error(0, "version: 1")));
  EXPECT_THAT(load_text("rules: [").findings, ElementsAre(Field(&Finding::message, HasSubstr("not YAML"))));
  EXPECT_THAT(load_text("version: 1\nrules: []\n---\nversion: 1\n").findings,
              ElementsAre(error(0, "more than one document")));
  EXPECT_THAT(load_text("version: 1\nrules: !!python [] \n").findings, ElementsAre(error(2, "tags are not allowed")));
  EXPECT_THAT(load_text("[]").findings, ElementsAre(error(1, "'rules:'")));
}

TEST(YamlLoader, AMissingFileSaysSo) {
  EXPECT_THAT(load_file("/nonexistent/policy.yaml").findings, ElementsAre(error(0, "cannot be read")));
}

}  // namespace
}  // namespace tobari::policy
