// SPDX-License-Identifier: GPL-3.0-or-later
// One QApplication on an X server of its own for the whole program; not for --gtest_list_tests.
#include <cstdlib>
#include <memory>

#include <QApplication>
#include <QPalette>
#include <QStandardPaths>
#include <gtest/gtest.h>

#include "x_server.h"

namespace tobari::client::test {
namespace {

class QtEnvironment : public ::testing::Environment {
 public:
  void SetUp() override {
    ::setenv("QT_QPA_PLATFORM", "xcb", 1);
    ::setenv("QT_XCB_GL_INTEGRATION", "none", 1);
    server_ = std::make_unique<XServer>();
    QStandardPaths::setTestModeEnabled(true);
    application_ = std::make_unique<QApplication>(count_, words_);
    QApplication::setQuitOnLastWindowClosed(false);
    if (qEnvironmentVariableIsSet("TOBARI_GALLERY_DARK")) {
      QApplication::setStyle(QStringLiteral("Fusion"));
      QPalette dark(QColor(45, 45, 48), QColor(32, 32, 34));
      dark.setColor(QPalette::Highlight, QColor(42, 92, 160));
      QApplication::setPalette(dark);
    }
  }
  void TearDown() override {
    application_.reset();
    server_.reset();
  }

 private:
  int count_ = 1;
  char name_[12] = "client-test";
  char* words_[2] = {name_, nullptr};
  std::unique_ptr<XServer> server_;
  std::unique_ptr<QApplication> application_;
};

[[maybe_unused]] const auto* const kEnvironment = ::testing::AddGlobalTestEnvironment(new QtEnvironment);

}  // namespace
}  // namespace tobari::client::test
