// SPDX-License-Identifier: GPL-3.0-or-later
// The programs themselves: tobari-client without a person, against tobari-display.
#include <QFile>
#include <QImage>
#include <QProcess>
#include <QProcessEnvironment>
#include <QTemporaryDir>
#include <gtest/gtest.h>

#include "capture/test_pattern.h"
#include "display_process.h"
#include "fake_broker.h"
#include "wait_until.h"

namespace tobari::client::test {
namespace {

QImage test_card() {
  const display::TestPattern pattern(display::Pattern::kCard, {DisplayProcess::kWidth, DisplayProcess::kHeight});
  QImage image(DisplayProcess::kWidth, DisplayProcess::kHeight, QImage::Format_RGB32);
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x) image.setPixel(x, y, 0xff000000U | pattern.canvas().at(x, y));
  }
  return image;
}

class ClientProgram : public ::testing::Test {
 protected:
  struct Result {
    int exit_code;
    QString said;
  };

  ClientProgram() {
    EXPECT_TRUE(display_.start());
    broker_.rdp_port = display_.port();
    broker_.rdp_fingerprint = display_.fingerprint();
    write_password(broker_.password);
  }
  void write_password(const QString& password) {
    QFile file(path("password"));
    ASSERT_TRUE(file.open(QIODevice::WriteOnly));
    file.write(password.toUtf8() + "\n");
  }
  [[nodiscard]] QString path(const char* name) const { return folder_.filePath(QLatin1String(name)); }
  [[nodiscard]] QStringList unattended() const {
    return {"--broker",          broker_.address(), "--user",       broker_.user,
            "--password-file",   path("password"),  "--screenshot", path("out.png"),
            "--exit-when-still", "--size",          "1280x800"};
  }
  [[nodiscard]] QStringList pinned() const {
    return {"--fingerprint", QString::fromStdString(broker_.identity().fingerprint)};
  }

  Result run(const QStringList& arguments) {
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert("HOME", folder_.path());
    environment.insert("XDG_CONFIG_HOME", folder_.path());
    process.setProcessEnvironment(environment);
    process.start(QStringLiteral(TOBARI_BIN_DIR "/tobari-client"), arguments);
    EXPECT_TRUE(wait_until([&] { return process.state() == QProcess::NotRunning; }, std::chrono::seconds(60)));
    return {process.exitCode(), QString::fromUtf8(process.readAllStandardError() + process.readAllStandardOutput())};
  }

  QTemporaryDir folder_;
  FakeBroker broker_;
  DisplayProcess display_{broker_.user.toStdString(), broker_.ticket.toStdString()};
};

TEST_F(ClientProgram, ShowsEveryPixelOfTheTestCard) {
  const Result result = run(unattended() + pinned());
  ASSERT_EQ(result.exit_code, 0) << result.said.toStdString();
  EXPECT_EQ(QImage(path("out.png")).convertToFormat(QImage::Format_RGB32), test_card());
  EXPECT_EQ(broker_.count("POST /api/v1/logout"), 1);
}

TEST_F(ClientProgram, EndsWithALineWhenThePasswordIsWrong) {
  write_password(QStringLiteral("wrong"));
  const Result result = run(unattended() + pinned());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(result.said.contains("password is not right")) << result.said.toStdString();
}

TEST_F(ClientProgram, EndsWithALineWhenTheDisplayIsAnother) {
  broker_.rdp_fingerprint = std::string(64, 'b');
  const Result result = run(unattended() + pinned());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(result.said.contains("Something else than your desktop")) << result.said.toStdString();
}

TEST_F(ClientProgram, TrustsNobodyUnattended) {
  const Result result = run(unattended());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(result.said.contains("is not known yet")) << result.said.toStdString();
  EXPECT_TRUE(broker_.requests.empty());
}

TEST_F(ClientProgram, TakesTheDesktopThatIsNamed) {
  broker_.desktop_count = 2;
  EXPECT_EQ(run(unattended() + pinned() + QStringList{"--desktop", "none"}).exit_code, 1);
  EXPECT_EQ(run(unattended() + pinned() + QStringList{"--desktop", broker_.desktop_name}).exit_code, 0);
}

TEST_F(ClientProgram, ExplainsItselfWithoutADisplay) {
  const QByteArray display = qgetenv("DISPLAY");
  qunsetenv("DISPLAY");
  const Result help = run({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_TRUE(help.said.contains("--exit-when-still"));
  EXPECT_EQ(run({"--version"}).exit_code, 0);
  const Result wrong = run({"--frobnicate"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_TRUE(wrong.said.contains("--frobnicate"));
  qputenv("DISPLAY", display);
}

}  // namespace
}  // namespace tobari::client::test
