// SPDX-License-Identifier: GPL-3.0-or-later
// The `tobari` program against a broker.
#include <array>
#include <stdio.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "running_broker.h"

namespace tobari::broker {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Cli : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(running.init().has_value());
    ASSERT_TRUE(running.start().has_value());
    url = "https://" + net::to_string(running.broker->portal_endpoint());
  }
  FILE* begin(const std::string& arguments) {
    const std::string command =
        "XDG_CONFIG_HOME='" + running.folder.string() + "' '" TOBARI_CLI "' " + arguments + " 2>&1";
    return ::popen(command.c_str(), "r");  // NOLINT(concurrency-mt-unsafe)
  }
  // What the program prints on both outputs, and its exit status in `status`.
  std::string run(const std::string& arguments) {
    FILE* pipe = begin(arguments);
    std::string output;
    std::array<char, 4096> block{};
    while (const std::size_t got = ::fread(block.data(), 1, block.size(), pipe)) output.append(block.data(), got);
    status = WEXITSTATUS(::pclose(pipe));
    return output;
  }
  std::string ca() const { return (running.config.state_dir / "ca.crt").string(); }
  std::string password() const { return (running.folder / "password").string(); }
  void sign_in() {
    run("login root --broker " + url + " --ca " + ca() + " --password-file " + password());
    ASSERT_EQ(status, 0);
  }

  RunningBroker running;
  std::string url;
  int status = -1;
};

TEST_F(Cli, SignsInOnceAndKeepsTheTokenPrivate) {
  sign_in();
  struct stat info{};
  ASSERT_EQ(::stat((running.folder / "tobari/token").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_THAT(run("users list"), HasSubstr("root  admin"));
  EXPECT_THAT(run("users list --json"), HasSubstr("\"name\": \"root\""));
  run("logout");
  EXPECT_EQ(status, 0);
  EXPECT_THAT(run("users list"), HasSubstr("tobari login"));
  EXPECT_EQ(status, 1);
}

TEST_F(Cli, SaysWhatToDoAboutAnUnknownCertificate) {
  EXPECT_THAT(run("login root --broker " + url + " --password-file " + password()), HasSubstr("pass --ca FILE"));
  EXPECT_EQ(status, 1);
}

TEST_F(Cli, ATokenIsNotSentToAnotherBroker) {
  sign_in();
  EXPECT_THAT(run("users list --broker https://localhost:" + std::to_string(running.broker->portal_endpoint().port) +
                  " --ca " + ca()),
              HasSubstr("sign in first"));
}

TEST_F(Cli, AdministersUsersAndHosts) {
  sign_in();
  run("users create alice --password-file " + password());
  EXPECT_EQ(status, 0);
  EXPECT_THAT(run("users create alice --password-file " + password()), HasSubstr("there is a user alice already"));
  EXPECT_EQ(status, 1);
  EXPECT_THAT(run("hosts join-token h1"), HasSubstr("tobari-vmhost enrol"));
  EXPECT_THAT(run("desktops create --user alice --image none"), HasSubstr("images that are there"));
  EXPECT_THAT(run("desktops connect"), HasSubstr("you have no desktop"));
  EXPECT_THAT(run("desktops thumbnail -o /dev/null"), HasSubstr("you have no desktop"));
  EXPECT_THAT(run("desktops thumbnail 6ba7b810-9dad-41d1-80b4-00c04fd430c8 -o /dev/null"),
              HasSubstr("there is no such desktop"));
  EXPECT_THAT(run("wall left right"), HasSubstr("you have no desktop"));
  EXPECT_THAT(run("wall 6ba7b810-9dad-41d1-80b4-00c04fd430c8 6ba7b810-9dad-41d1-80b4-00c04fd430c8"),
              HasSubstr("twice"));
  EXPECT_THAT(run("wall 6ba7b810-9dad-41d1-80b4-00c04fd430c8 6ba7b810-9dad-41d1-80b4-00c04fd430c9"),
              HasSubstr("there is no such desktop"));
  run("users delete alice");
  EXPECT_EQ(status, 0);
  EXPECT_THAT(run("users list"), Not(HasSubstr("alice")));
}

TEST_F(Cli, AdministersPools) {
  sign_in();
  EXPECT_THAT(run("pools create office --image debian --max 5 --spares 1 --keep 30 --label east --label shared"),
              HasSubstr("office is there"));
  EXPECT_EQ(status, 0);
  EXPECT_THAT(run("pools create office --image debian --max 5"), HasSubstr("there is a pool named office already"));
  EXPECT_EQ(status, 1);
  EXPECT_THAT(run("pools list"), HasSubstr("office  floating  open   debian  vm"));
  EXPECT_THAT(run("pools list --json"), HasSubstr("\"keep_seconds\": 1800"));
  EXPECT_THAT(run("pools list --json"), HasSubstr("\"shared\""));
  EXPECT_THAT(run("pools change office --closed --no-labels"), HasSubstr("office is changed"));
  const std::string changed = run("pools list --json");
  EXPECT_THAT(changed, HasSubstr("\"state\": \"closed\""));
  EXPECT_THAT(changed, HasSubstr("\"labels\": []"));
  EXPECT_THAT(changed, HasSubstr("\"max\": 5"));
  EXPECT_THAT(run("pools change office --machine lxc"), HasSubstr("vm, container"));
  EXPECT_THAT(run("pools change office --machine container"), HasSubstr("office is changed"));
  EXPECT_THAT(run("pools list --json"), HasSubstr("\"machine\": \"container\""));
  EXPECT_THAT(run("pools change office --open --closed"), HasSubstr("not both"));
  EXPECT_THAT(run("pools desktops office"), HasSubstr("NAME"));
  EXPECT_THAT(run("pools create lab --kind manual"), HasSubstr("lab is there"));
  EXPECT_THAT(run("pools put scope lab"), HasSubstr("you have no desktop"));
  EXPECT_THAT(run("pools remove nothing"), HasSubstr("there is no pool nothing; there are lab, office"));
  EXPECT_THAT(run("placement explain office"), HasSubstr("the pool is closed"));
  EXPECT_THAT(run("hosts drain nowhere"), HasSubstr("there is no host nowhere"));
  EXPECT_THAT(run("connect"), HasSubstr("you have no desktop and no pool"));
  EXPECT_THAT(run("pools change office --open"), HasSubstr("office is changed"));
  EXPECT_THAT(run("connect office"), HasSubstr("no connected host has the image debian"));
  EXPECT_EQ(status, 1);
  EXPECT_THAT(run("log-off office"), HasSubstr("you have no desktop in pool office"));
  run("pools remove office");
  EXPECT_EQ(status, 0);
}

TEST_F(Cli, VerifiesTheAuditByItself) {
  sign_in();
  EXPECT_THAT(run("audit list"), HasSubstr("user.create"));
  EXPECT_THAT(run("audit verify"), HasSubstr("the chain is whole"));
  EXPECT_EQ(status, 0);
}

TEST_F(Cli, AnAuditSinkThatHangsHoldsUpNobodyAndMissesNothing) {
  sign_in();
  const std::string token = running.sign_in("root");
  const auto act = [this, &token](int number) {
    return running
        .call("POST", "/api/v1/join-tokens", token, R"({"role":"host","name":"h)" + std::to_string(number) + R"("})")
        .status;
  };
  constexpr int kActs = 400;  // more than fits into a pipe
  for (int i = 0; i < kActs; ++i) ASSERT_EQ(act(i), 201);
  const auto export_to = [this] { return begin("audit export --follow --state " + (running.folder / "at").string()); };
  FILE* sink = export_to();  // and nobody reads it
  const auto waiting = [&sink] {
    int bytes = 0;
    return ::ioctl(::fileno(sink), FIONREAD, &bytes) == 0 ? bytes : 0;
  };
  constexpr int kFull = 60'000;
  for (int i = 0; i < 200 && waiting() < kFull; ++i) ::usleep(50'000);
  ASSERT_GE(waiting(), kFull);
  EXPECT_EQ(act(kActs), 201) << "acts are done and written down all the same";
  EXPECT_THAT(run("audit list"), HasSubstr("h" + std::to_string(kActs)));
  ::pclose(sink);  // what it had taken and not said is said to the next one
  const std::string again = run("audit export --state " + (running.folder / "at").string());
  for (const int number : {0, kActs / 2, kActs}) {
    EXPECT_THAT(again, HasSubstr("\"host/h" + std::to_string(number) + "\"")) << number;
  }
}

TEST_F(Cli, WrongArgumentsAreStatusTwo) {
  run("desktops");
  EXPECT_EQ(status, 2);
  run("wall alone");
  EXPECT_EQ(status, 2);
  run("--version");
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace tobari::broker
