// SPDX-License-Identifier: GPL-3.0-or-later
// Copy on write: a copy is a pointer until one of the two is changed. One thread at a time.
#pragma once

#include <memory>

namespace tobari::broker {

template <class T>
class Cow {
 public:
  const T& operator*() const noexcept { return *value_; }
  const T* operator->() const noexcept { return value_.get(); }
  [[nodiscard]] T& change() {
    if (value_.use_count() > 1) value_ = std::make_shared<T>(*value_);
    return *value_;
  }

 private:
  std::shared_ptr<T> value_ = std::make_shared<T>();
};

}  // namespace tobari::broker
