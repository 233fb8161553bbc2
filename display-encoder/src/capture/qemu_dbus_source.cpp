// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/qemu_dbus_source.h"

#include "capture/qemu_session.h"

namespace tobari::display {

// The door between the consumer's thread and the D-Bus thread, where everything else happens.
class QemuDbusSource::Impl {
 public:
  Impl(std::shared_ptr<QemuLink> link, unsigned console) : session_(std::move(link), console) {}
  QemuSession& session() noexcept { return session_; }

 private:
  QemuSession session_;
};

Result<std::unique_ptr<QemuDbusSource>> QemuDbusSource::create(UniqueFd connection, const Options& options) {
  if (!connection) return fail(Errc::kInvalidArgument, "no connection to the virtual machine's display");
  auto impl = std::make_unique<Impl>(std::make_shared<QemuLink>(std::move(connection)), options.console);
  return std::unique_ptr<QemuDbusSource>(new QemuDbusSource(std::move(impl)));
}

Result<std::vector<std::unique_ptr<QemuDbusSource>>> QemuDbusSource::create_heads(UniqueFd connection, unsigned heads) {
  if (!connection) return fail(Errc::kInvalidArgument, "no connection to the virtual machine's display");
  const auto link = std::make_shared<QemuLink>(std::move(connection));
  std::vector<std::unique_ptr<QemuDbusSource>> all;
  for (unsigned head = 0; head < heads; ++head) {
    all.push_back(std::unique_ptr<QemuDbusSource>(new QemuDbusSource(std::make_unique<Impl>(link, head))));
  }
  return all;
}

QemuDbusSource::QemuDbusSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
QemuDbusSource::~QemuDbusSource() { stop(); }

Result<void> QemuDbusSource::start(SourceEvents& events) { return impl_->session().start(events); }
void QemuDbusSource::stop() noexcept { impl_->session().stop(); }
Result<FrameView> QemuDbusSource::acquire(const Region& wanted) { return impl_->session().acquire(wanted); }
void QemuDbusSource::rest() noexcept { impl_->session().rest(); }
Result<void> QemuDbusSource::request_mode(const SourceMode& mode) { return impl_->session().request_mode(mode); }
InputSink& QemuDbusSource::input() noexcept { return impl_->session().input(); }
AudioSource* QemuDbusSource::audio() noexcept { return &impl_->session().audio(); }

}  // namespace tobari::display
