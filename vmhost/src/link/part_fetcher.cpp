// SPDX-License-Identifier: GPL-3.0-or-later
#include "link/part_fetcher.h"

#include <chrono>
#include <cstddef>
#include <utility>

#include <grpcpp/grpcpp.h>

#include <tobari/net/grpc_status.h>

#include "tobari/host.grpc.pb.h"

namespace tobari::vmhost {
namespace {

constexpr std::chrono::seconds kPartDeadline{8};  // the broker waits five for the other host

class PartFetcher final : public PartSource {
 public:
  explicit PartFetcher(const std::vector<std::shared_ptr<grpc::Channel>>& brokers) {
    for (const auto& each : brokers) stubs_.push_back(wire::Nodes::NewStub(each));
  }

  // Each broker has a line to every host; one that is away, or slow, is left for the next.
  Result<ImagePartBytes> fetch(const std::string& ref, const std::string& file, std::uint64_t at,
                               std::uint32_t most) override {
    wire::FetchImagePartRequest request;
    request.set_image(ref);
    request.set_file(file);
    request.set_offset(at);
    request.set_most(most);
    for (std::size_t tries = 1;; ++tries) {
      auto part = ask(request);
      if (part.has_value() || tries >= stubs_.size() || !elsewhere(part.error().code)) return part;
      at_ = (at_ + 1) % stubs_.size();
    }
  }

 private:
  static bool elsewhere(Errc code) { return code == Errc::kUnavailable || code == Errc::kTimeout; }

  Result<ImagePartBytes> ask(const wire::FetchImagePartRequest& request) {
    wire::FetchImagePartReply reply;
    grpc::ClientContext call;
    call.set_deadline(std::chrono::system_clock::now() + kPartDeadline);
    const grpc::Status status = stubs_[at_]->FetchImagePart(&call, request, &reply);
    if (!status.ok()) return std::unexpected(node::error_of(status));
    return ImagePartBytes{std::move(*reply.mutable_bytes()), reply.file_bytes()};
  }

  std::vector<std::unique_ptr<wire::Nodes::Stub>> stubs_;
  std::size_t at_ = 0;
};

}  // namespace

std::unique_ptr<PartSource> make_part_fetcher(const std::vector<std::shared_ptr<grpc::Channel>>& brokers) {
  return std::make_unique<PartFetcher>(brokers);
}

}  // namespace tobari::vmhost
