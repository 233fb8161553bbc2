// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/portal_trust.h"

#include <QSettings>
#include <QTemporaryDir>
#include <gtest/gtest.h>

#include "model/history.h"

namespace tobari::client {
namespace {

const QString kA = QString(64, QLatin1Char('a'));
const QString kB = QString(64, QLatin1Char('b'));
const QString kPortal = QStringLiteral("desk.example:8443");

class PortalTrustTest : public ::testing::Test {
 protected:
  QTemporaryDir folder_;
  QSettings settings_{folder_.filePath(QStringLiteral("s.ini")), QSettings::IniFormat};
  PortalTrust trust_{settings_};
};

using Verdict = PortalTrust::Verdict;

TEST_F(PortalTrustTest, AsksAboutWhatNobodyVouchesFor) {
  EXPECT_EQ(trust_.judge(kPortal, kA, false), Verdict::kUnknown);
  EXPECT_EQ(trust_.judge(kPortal, kA, true), Verdict::kTrusted);
}

TEST_F(PortalTrustTest, ARememberedCertificateIsTheOnlyOneForItsAddress) {
  trust_.remember(kPortal, kA);
  EXPECT_EQ(trust_.judge(kPortal, kA, false), Verdict::kTrusted);
  EXPECT_EQ(trust_.judge(kPortal, kB, false), Verdict::kChanged);
  EXPECT_EQ(trust_.judge(kPortal, kB, true), Verdict::kChanged);
  EXPECT_EQ(trust_.judge(QStringLiteral("other.example"), kA, false), Verdict::kUnknown);
  trust_.forget(kPortal);
  EXPECT_EQ(trust_.judge(kPortal, kB, false), Verdict::kUnknown);
}

TEST_F(PortalTrustTest, AGivenFingerprintCountsMoreThanARememberedOne) {
  trust_.remember(kPortal, kA);
  trust_.require_fingerprint(kB);
  EXPECT_EQ(trust_.judge(kPortal, kA, true), Verdict::kChanged);
  EXPECT_EQ(trust_.judge(kPortal, kB, false), Verdict::kTrusted);
}

TEST(Fingerprint, IsTakenInAnyUsualForm) {
  QString typed;
  for (int i = 0; i < 32; ++i) typed += QStringLiteral("AB: ");
  EXPECT_EQ(normalized_fingerprint(typed).toStdString(), QStringLiteral("ab").repeated(32).toStdString());
  EXPECT_TRUE(normalized_fingerprint(QStringLiteral("ab").repeated(31)).isEmpty());
  EXPECT_TRUE(normalized_fingerprint(QStringLiteral("ab").repeated(33)).isEmpty());
  EXPECT_TRUE(normalized_fingerprint(QStringLiteral("xy").repeated(32)).isEmpty());
}

TEST(Fingerprint, IsShownInFourLines) {
  const QString text = readable_fingerprint(QStringLiteral("0a").repeated(32));
  EXPECT_EQ(text.count(QLatin1Char('\n')), 3);
  EXPECT_TRUE(text.startsWith(QStringLiteral("0A:0A:")));
}

TEST_F(PortalTrustTest, HistoryKeepsTheLastAddressFirstAndIsBounded) {
  History history(settings_);
  for (int i = 0; i < 15; ++i) history.remember(QStringLiteral("h%1").arg(i), QStringLiteral("u"));
  history.remember(QStringLiteral("h10"), QStringLiteral("ada"));
  EXPECT_EQ(history.addresses().size(), History::kMaxAddresses);
  EXPECT_EQ(history.addresses().front().toStdString(), "h10");
  EXPECT_EQ(history.user().toStdString(), "ada");
}

}  // namespace
}  // namespace tobari::client
