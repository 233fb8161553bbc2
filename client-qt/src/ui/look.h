// SPDX-License-Identifier: GPL-3.0-or-later
// The few things that all pages share in their looks. Colours come from the palette, so light and dark follow the
// system.
#pragma once

#include <QString>

class QLabel;
class QWidget;

namespace tobari::client::look {

[[nodiscard]] QLabel* title(const QString& text, QWidget* parent);
[[nodiscard]] QWidget* gap(int height, QWidget* parent);
// A place for what went wrong: empty and out of the way until set_problem().
[[nodiscard]] QLabel* problem_label(QWidget* parent);
void set_problem(QLabel* label, const QString& text);

}  // namespace tobari::client::look
