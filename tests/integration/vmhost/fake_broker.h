// SPDX-License-Identifier: GPL-3.0-or-later
// The broker's end of the Attach stream: notes what the host says, says what the test wants.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include <tobari/base/random.h>

#include "tobari/host.grpc.pb.h"

namespace tobari::vmhost {

class FakeBroker final : public wire::Nodes::Service {
 public:
  using Credentials = std::shared_ptr<grpc::ServerCredentials>;

  explicit FakeBroker(const Credentials& credentials, int port = 0) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), credentials, &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~FakeBroker() override {
    {
      const std::scoped_lock lock(mutex_);
      if (context_ != nullptr) context_->TryCancel();
    }
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
  }
  [[nodiscard]] int port() const { return port_; }

  // What every new stream is told first.
  void desire(const wire::DesiredState& desired) {
    wire::ToHost message;
    *message.mutable_desired() = desired;
    {
      const std::scoped_lock lock(mutex_);
      desired_ = message;
    }
    send(message);
  }

  // This line breaks; the host makes another one.
  void cut() {
    const std::scoped_lock lock(mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }

  // What is said to who asks for a lease; KIND_UNSPECIFIED: nothing. A grant is for what was desired last, or for
  // `revision`.
  void lease(wire::LeaseAnswer::Kind kind, std::optional<std::uint64_t> revision = {}) {
    const std::scoped_lock lock(mutex_);
    leases_ = kind;
    revision_ = revision;
  }

  void send(const wire::ToHost& message) {
    const std::scoped_lock lock(mutex_);
    if (stream_ != nullptr) stream_->Write(message);
  }

  // The first message, of all that came since the last clear(), that `wanted` accepts.
  std::optional<wire::FromHost> wait(const std::function<bool(const wire::FromHost&)>& wanted,
                                     std::chrono::seconds within = std::chrono::seconds(20)) {
    std::unique_lock lock(mutex_);
    std::optional<wire::FromHost> found;
    changed_.wait_for(lock, within, [&] {
      for (const auto& message : received_) {
        if (wanted(message)) found = message;
        if (found) return true;
      }
      return false;
    });
    return found;
  }

  // The newest state of the only desktop.
  bool wait_state(wire::DesktopState state, std::chrono::seconds within = std::chrono::seconds(20)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, within,
                             [&] { return actual_.desktops_size() == 1 && actual_.desktops(0).state() == state; });
  }
  wire::ActualState actual() {
    const std::scoped_lock lock(mutex_);
    return actual_;
  }
  // Since the last clear().
  std::vector<wire::FromHost> received() {
    const std::scoped_lock lock(mutex_);
    return received_;
  }
  void clear() {
    const std::scoped_lock lock(mutex_);
    received_.clear();
    actual_.Clear();
  }

 private:
  void answer(const wire::FromHost& asked, grpc::ServerReaderWriter<wire::ToHost, wire::FromHost>& stream) {
    wire::ToHost message;
    message.mutable_lease()->set_number(asked.ask_lease().number());
    message.mutable_lease()->set_kind(leases_);
    message.mutable_lease()->set_revision(revision_.value_or(desired_ ? desired_->desired().revision() : 0));
    stream.Write(message);
  }
  grpc::Status Attach(grpc::ServerContext* context,
                      grpc::ServerReaderWriter<wire::ToHost, wire::FromHost>* stream) override {
    {
      const std::scoped_lock lock(mutex_);
      stream_ = stream;
      context_ = context;
      if (desired_) stream->Write(*desired_);
    }
    wire::FromHost message;
    while (stream->Read(&message)) {
      const std::scoped_lock lock(mutex_);
      if (message.has_actual()) actual_ = message.actual();
      if (message.has_ask_lease() && leases_ != wire::LeaseAnswer::KIND_UNSPECIFIED) answer(message, *stream);
      received_.push_back(message);
      changed_.notify_all();
    }
    const std::scoped_lock lock(mutex_);
    if (stream_ == stream) {
      stream_ = nullptr;
      context_ = nullptr;
    }
    return grpc::Status::OK;
  }

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  grpc::ServerContext* context_ = nullptr;
  grpc::ServerReaderWriter<wire::ToHost, wire::FromHost>* stream_ = nullptr;
  std::optional<wire::ToHost> desired_;
  wire::LeaseAnswer::Kind leases_ = wire::LeaseAnswer::GRANTED;
  std::optional<std::uint64_t> revision_;
  std::vector<wire::FromHost> received_;
  wire::ActualState actual_;
};

}  // namespace tobari::vmhost
