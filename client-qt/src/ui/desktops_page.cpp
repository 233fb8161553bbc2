// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/desktops_page.h"

#include <QBuffer>
#include <QHBoxLayout>
#include <QImageReader>
#include <QLabel>
#include <QListWidget>
#include <QPainter>
#include <QPixmap>
#include <QPushButton>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include "ui/look.h"

namespace tobari::client {
namespace {

constexpr int kMargin = 28;
constexpr int kRowHeight = 60;
constexpr int kDot = 10;
constexpr int kStateRole = Qt::UserRole;
constexpr int kColourRole = Qt::UserRole + 1;
constexpr int kThumbnailSide = 480;  // pixels, broker/api/openapi.yaml
constexpr QSize kThumbnail(76, 44);  // as shown

QString state_text(const Desktop& desktop) {
  QString text;
  switch (desktop.state) {
    case DesktopState::kRunning:
      text = DesktopsPage::tr("Running");
      break;
    case DesktopState::kStarting:
      text = DesktopsPage::tr("Starting");
      break;
    case DesktopState::kStopped:
      text = desktop.of_pool && desktop.own.isEmpty() ? DesktopsPage::tr("A desktop for you when you connect")
                                                      : DesktopsPage::tr("Off – starts when you connect");
      break;
    case DesktopState::kFailed:
      text = DesktopsPage::tr("Did not start – tell your administrator");
      break;
    case DesktopState::kUnreachable:
      text = DesktopsPage::tr("Cannot be reached just now");
      break;
  }
  return desktop.detail.isEmpty() ? text : text + QStringLiteral(" (") + desktop.detail + QLatin1Char(')');
}

// Never the only sign: the text says the same.
QColor state_colour(DesktopState state) {
  switch (state) {
    case DesktopState::kRunning:
      return {46, 160, 67};
    case DesktopState::kStarting:
      return {210, 153, 34};
    case DesktopState::kStopped:
      return {140, 149, 159};
    case DesktopState::kFailed:
    case DesktopState::kUnreachable:
      return {207, 34, 46};
  }
  return {};
}

// From a broker that may be anybody's: nothing is decoded that is no JPEG or could be large.
QPixmap thumbnail_of(const QByteArray& jpeg) {
  QBuffer bytes;
  bytes.setData(jpeg);
  QImageReader reader(&bytes, "JPEG");
  const QSize size = reader.size();
  if (!size.isValid() || size.width() > kThumbnailSide || size.height() > kThumbnailSide) return {};
  const QImage image = reader.read();
  if (image.isNull()) return {};
  return QPixmap::fromImage(image.scaled(kThumbnail, Qt::KeepAspectRatio, Qt::SmoothTransformation));
}

// Two lines and a dot, and at the end of the row what the desktop shows.
class DesktopDelegate final : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;

  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    return {QStyledItemDelegate::sizeHint(option, index).width(), kRowHeight};
  }

  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const bool selected = (option.state & QStyle::State_Selected) != 0;
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    if (selected) painter->fillRect(option.rect, option.palette.highlight());
    const QRect inside = option.rect.adjusted(18, 9, -12, -9);
    // On the colour of a selection the dot needs an edge.
    painter->setPen(selected ? QPen(option.palette.highlightedText(), 1.5) : QPen(Qt::NoPen));
    painter->setBrush(index.data(kColourRole).value<QColor>());
    painter->drawEllipse(QRect(inside.left(), inside.center().y() - kDot / 2, kDot, kDot));

    const auto picture = index.data(Qt::DecorationRole).value<QPixmap>();
    if (!picture.isNull()) {
      painter->drawPixmap(inside.right() - picture.width(), inside.center().y() - picture.height() / 2, picture);
    }
    const QRect text = inside.adjusted(kDot + 16, 0, picture.isNull() ? 0 : -(picture.width() + 12), 0);
    painter->setPen(option.palette.color(selected ? QPalette::HighlightedText : QPalette::Text));
    QFont bold = option.font;
    bold.setWeight(QFont::DemiBold);
    painter->setFont(bold);
    const QString name = painter->fontMetrics().elidedText(index.data().toString(), Qt::ElideRight, text.width());
    painter->drawText(text, Qt::AlignTop | Qt::AlignLeft, name);
    painter->setFont(option.font);
    painter->setOpacity(0.75);
    const QString state =
        painter->fontMetrics().elidedText(index.data(kStateRole).toString(), Qt::ElideRight, text.width());
    painter->drawText(text, Qt::AlignBottom | Qt::AlignLeft, state);
    painter->restore();
  }
};

}  // namespace

DesktopsPage::DesktopsPage(QWidget* parent) : QWidget(parent) {
  who_ = new QLabel(this);
  who_->setTextFormat(Qt::PlainText);
  auto* refresh = new QPushButton(tr("&Refresh"), this);
  refresh->setShortcut(QKeySequence::Refresh);
  auto* sign_out = new QPushButton(tr("Sign &out"), this);
  auto* top = new QHBoxLayout;
  top->addWidget(look::title(tr("Your desktops"), this));
  top->addStretch();
  top->addWidget(refresh);
  top->addWidget(sign_out);

  list_ = new QListWidget(this);
  list_->setAccessibleName(tr("Your desktops"));
  list_->setItemDelegate(new DesktopDelegate(list_));
  nothing_ = new QLabel(tr("No desktop is assigned to you yet. Ask your administrator for one."), this);
  nothing_->setWordWrap(true);
  nothing_->setAlignment(Qt::AlignCenter);
  problem_ = look::problem_label(this);
  connect_ = new QPushButton(tr("&Connect"), this);
  connect_->setDefault(true);
  connect_->setMinimumSize(140, 36);
  auto* bottom = new QHBoxLayout;
  bottom->addWidget(who_, 1);
  bottom->addWidget(connect_);

  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(kMargin, kMargin, kMargin, kMargin);
  column->setSpacing(12);
  column->addLayout(top);
  column->addWidget(list_, 1);
  column->addWidget(nothing_, 1);
  column->addWidget(problem_);
  column->addLayout(bottom);

  connect(refresh, &QPushButton::clicked, this, &DesktopsPage::refresh_wanted);
  connect(sign_out, &QPushButton::clicked, this, &DesktopsPage::sign_out_wanted);
  connect(connect_, &QPushButton::clicked, this, &DesktopsPage::connect_current);
  connect(list_, &QListWidget::itemActivated, this, &DesktopsPage::connect_current);
  connect(list_, &QListWidget::currentRowChanged, this, &DesktopsPage::update_button);
}

void DesktopsPage::set_user(const QString& user, const QString& portal) {
  who_->setText(tr("%1 at %2").arg(user, portal));
}

void DesktopsPage::set_desktops(const QList<Desktop>& desktops) {
  const int row = std::max(list_->currentRow(), 0);
  desktops_ = desktops;
  list_->clear();
  for (const Desktop& desktop : desktops_) {
    auto* item = new QListWidgetItem(desktop.name, list_);
    item->setData(kStateRole, state_text(desktop));
    item->setData(kColourRole, state_colour(desktop.state));
    item->setData(Qt::AccessibleTextRole, tr("%1, %2").arg(desktop.name, state_text(desktop)));
  }
  list_->setVisible(!desktops_.isEmpty());
  nothing_->setVisible(desktops_.isEmpty());
  list_->setCurrentRow(std::min(row, list_->count() - 1));
  update_button();
  list_->setFocus();
}

void DesktopsPage::set_thumbnail(const QString& desktop, const QByteArray& jpeg) {
  for (int row = 0; row < desktops_.size(); ++row) {
    if (desktops_[row].id != desktop) continue;
    if (const QPixmap picture = thumbnail_of(jpeg); !picture.isNull())
      list_->item(row)->setData(Qt::DecorationRole, picture);
  }
}

void DesktopsPage::show_problem(const QString& text) { look::set_problem(problem_, text); }

void DesktopsPage::update_button() { connect_->setEnabled(list_->currentRow() >= 0); }

void DesktopsPage::connect_current() {
  const int row = list_->currentRow();
  if (row >= 0 && row < desktops_.size()) emit connect_wanted(desktops_[row]);
}

}  // namespace tobari::client
