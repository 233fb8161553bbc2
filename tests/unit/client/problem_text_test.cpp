// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/problem_text.h"

#include <gtest/gtest.h>

namespace tobari::client {
namespace {

TEST(ProblemText, KnowsAWrongPasswordFromAnExpiredSignIn) {
  EXPECT_EQ(failure_of(Request::kLogin, 401, std::nullopt, {}).kind, FailureKind::kWrongPassword);
  EXPECT_EQ(failure_of(Request::kConnect, 401, std::nullopt, {}).kind, FailureKind::kSignedOut);
}

TEST(ProblemText, WaitsAsLongAsTheServerSaysWithinReason) {
  const Problem starting{.code = QStringLiteral("desktop_starting"), .detail = {}};
  const auto wait = [&](const char* header) {
    return failure_of(Request::kConnect, 503, starting, header).retry_after.count();
  };
  EXPECT_EQ(wait("5"), 5);
  EXPECT_EQ(wait("0"), 1);
  EXPECT_EQ(wait("-7"), 1);
  EXPECT_EQ(wait("99999"), kMaxRetryAfter.count());
  EXPECT_EQ(wait("Wed, 21 Oct 2026 07:28:00 GMT"), kDefaultRetryAfter.count());
  EXPECT_EQ(wait(""), kDefaultRetryAfter.count());
}

TEST(ProblemText, ShowsTheServersWordsAsASentence) {
  const Problem problem{.code = QStringLiteral("denied"), .detail = QStringLiteral("not from this network")};
  const Failure failure = failure_of(Request::kConnect, 403, problem, {});
  EXPECT_EQ(failure.kind, FailureKind::kNotAllowed);
  EXPECT_TRUE(failure.text.endsWith(QStringLiteral("Not from this network.")));
}

TEST(ProblemText, APoolThatIsFullIsNotAnOutage) {
  const Problem full{.code = QStringLiteral("no_desktop_free"), .detail = QStringLiteral("pool office has 3 desktops")};
  const Failure busy = failure_of(Request::kConnect, 503, full, "5");
  EXPECT_EQ(busy.kind, FailureKind::kBusy);
  EXPECT_EQ(busy.retry_after.count(), 5);
  EXPECT_TRUE(busy.text.startsWith(QStringLiteral("No desktop is free")));
  EXPECT_TRUE(busy.text.endsWith(QStringLiteral("Pool office has 3 desktops.")));
  const Problem given_back{.code = QStringLiteral("given_back"), .detail = {}};
  EXPECT_EQ(failure_of(Request::kConnect, 409, given_back, {}).kind, FailureKind::kSession);
}

TEST(ProblemText, HasWordsForEveryStatus) {
  for (const int status : {301, 400, 401, 403, 404, 409, 418, 429, 500, 502, 503}) {
    EXPECT_FALSE(failure_of(Request::kConnect, status, std::nullopt, {}).text.isEmpty()) << status;
  }
}

}  // namespace
}  // namespace tobari::client
