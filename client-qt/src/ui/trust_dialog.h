// SPDX-License-Identifier: GPL-3.0-or-later
// The first visit to a server: a person compares its fingerprint.
#pragma once

#include <QDialog>

namespace tobari::client {

class TrustDialog : public QDialog {
  Q_OBJECT
 public:
  TrustDialog(const QString& portal, const QString& fingerprint, QWidget* parent);
};

}  // namespace tobari::client
