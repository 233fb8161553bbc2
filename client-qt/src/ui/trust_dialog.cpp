// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/trust_dialog.h"

#include <QDialogButtonBox>
#include <QFontDatabase>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "model/portal_trust.h"
#include "ui/look.h"

namespace tobari::client {

TrustDialog::TrustDialog(const QString& portal, const QString& fingerprint, QWidget* parent) : QDialog(parent) {
  setWindowTitle(tr("Is this your server?"));
  auto* why = new QLabel(tr("You connect to %1 for the first time. Compare this fingerprint with the one that your "
                            "administrator gave you. When they differ, somebody else may be answering.")
                             .arg(portal),
                         this);
  why->setWordWrap(true);
  why->setTextFormat(Qt::PlainText);
  auto* digits = new QLabel(readable_fingerprint(fingerprint), this);
  QFont fixed = QFontDatabase::systemFont(QFontDatabase::FixedFont);
  fixed.setPointSizeF(fixed.pointSizeF() * 1.15);
  digits->setFont(fixed);
  digits->setAlignment(Qt::AlignCenter);
  digits->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  digits->setAccessibleName(tr("Fingerprint"));

  auto* buttons = new QDialogButtonBox(this);
  auto* trust = buttons->addButton(tr("They are the same: &trust"), QDialogButtonBox::AcceptRole);
  auto* cancel = buttons->addButton(tr("&Cancel"), QDialogButtonBox::RejectRole);
  trust->setAutoDefault(false);  // Enter alone must not trust
  cancel->setDefault(true);
  connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);

  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(24, 24, 24, 20);
  column->setSpacing(16);
  column->addWidget(look::title(windowTitle(), this));
  column->addWidget(why);
  column->addWidget(digits);
  column->addWidget(buttons);
  setMinimumWidth(480);
  cancel->setFocus();
}

}  // namespace tobari::client
