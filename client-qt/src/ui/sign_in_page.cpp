// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/sign_in_page.h"

#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/look.h"

namespace tobari::client {
namespace {

constexpr int kColumnWidth = 380;
constexpr int kFieldHeight = 30;
constexpr int kMaxUser = 64;  // of the REST interface, as the next
constexpr int kMaxPassword = 256;

QLineEdit* field(QFormLayout* form, const QString& label, QWidget* parent) {
  auto* edit = new QLineEdit(parent);
  edit->setAccessibleName(label);
  auto* text = new QLabel(label, parent);
  text->setBuddy(edit);
  form->addRow(text);
  form->addRow(edit);
  return edit;
}

}  // namespace

SignInPage::SignInPage(QWidget* parent) : QWidget(parent) {
  auto* column = new QWidget(this);
  column->setFixedWidth(kColumnWidth);
  auto* form = new QFormLayout(column);
  form->setRowWrapPolicy(QFormLayout::WrapAllRows);
  form->setVerticalSpacing(5);
  form->addRow(look::title(tr("Sign in"), column));
  form->addRow(look::gap(6, column));

  address_ = new QComboBox(column);
  address_->setEditable(true);
  address_->setInsertPolicy(QComboBox::NoInsert);
  address_->lineEdit()->setPlaceholderText(tr("desk.example.com"));
  address_->setAccessibleName(tr("Server"));
  auto* server = new QLabel(tr("&Server"), column);
  server->setBuddy(address_);
  form->addRow(server);
  form->addRow(address_);
  user_ = field(form, tr("&User name"), column);
  user_->setMaxLength(kMaxUser);
  user_->setAccessibleName(tr("User name"));
  password_ = field(form, tr("&Password"), column);
  password_->setMaxLength(kMaxPassword);
  password_->setAccessibleName(tr("Password"));
  password_->setEchoMode(QLineEdit::Password);
  problem_ = look::problem_label(column);
  form->addRow(problem_);
  form->addRow(look::gap(4, column));
  button_ = new QPushButton(tr("Sign in"), column);
  button_->setDefault(true);
  button_->setMinimumHeight(36);
  form->addRow(button_);

  auto* centre = new QVBoxLayout(this);
  centre->addWidget(column, 0, Qt::AlignCenter);

  connect(button_, &QPushButton::clicked, this, [this] {
    if (busy_) {
      emit cancelled();
    } else {
      submit();
    }
  });
  for (QWidget* widget : std::initializer_list<QWidget*>{address_, user_, password_}) {
    widget->setMinimumHeight(kFieldHeight);
  }
  for (QLineEdit* edit : {address_->lineEdit(), user_, password_}) {
    connect(edit, &QLineEdit::returnPressed, this, [this] { submit(); });
  }
}

void SignInPage::fill(const QStringList& addresses, const QString& user) {
  address_->addItems(addresses);
  address_->setCurrentIndex(addresses.isEmpty() ? -1 : 0);
  user_->setText(user);
}

void SignInPage::set_address(const QString& address) { address_->setEditText(address); }
void SignInPage::set_user(const QString& user) { user_->setText(user); }
void SignInPage::set_password(const QString& password) { password_->setText(password); }
void SignInPage::clear_password() { password_->clear(); }
QString SignInPage::address() const { return address_->currentText(); }
QString SignInPage::user() const { return user_->text().trimmed(); }
QString SignInPage::password() const { return password_->text(); }

void SignInPage::set_busy(bool busy) {
  busy_ = busy;
  for (QWidget* widget : std::initializer_list<QWidget*>{address_, user_, password_}) widget->setEnabled(!busy);
  button_->setText(busy ? tr("Cancel") : tr("Sign in"));
  if (busy) button_->setFocus();
}

void SignInPage::show_problem(const QString& text) { look::set_problem(problem_, text); }

void SignInPage::focus_first_empty() {
  if (address().isEmpty()) return address_->setFocus();
  if (user().isEmpty()) return user_->setFocus();
  password_->selectAll();
  password_->setFocus();
}

void SignInPage::submit() {
  if (busy_) return;
  if (address().trimmed().isEmpty() || user().isEmpty() || password().isEmpty()) {
    show_problem(tr("Fill in the server, your user name and your password."));
    return focus_first_empty();
  }
  show_problem({});
  emit submitted();
}

}  // namespace tobari::client
