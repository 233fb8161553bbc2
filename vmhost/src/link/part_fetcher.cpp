// SPDX-License-Identifier: GPL-3.0-or-later
#include "link/part_fetcher.h"

#include <chrono>
#include <utility>

#include <grpcpp/grpcpp.h>

#include <tobari/net/grpc_status.h>

#include "tobari/host.grpc.pb.h"

namespace tobari::vmhost {
namespace {

constexpr std::chrono::seconds kPartDeadline{8};  // the broker waits five for the other host

class PartFetcher final : public PartSource {
 public:
  explicit PartFetcher(std::shared_ptr<grpc::Channel> channel)
      : channel_(std::move(channel)), stub_(wire::Nodes::NewStub(channel_)) {}

  Result<ImagePartBytes> fetch(const std::string& ref, const std::string& file, std::uint64_t at,
                               std::uint32_t most) override {
    wire::FetchImagePartRequest request;
    request.set_image(ref);
    request.set_file(file);
    request.set_offset(at);
    request.set_most(most);
    wire::FetchImagePartReply reply;
    grpc::ClientContext call;
    call.set_deadline(std::chrono::system_clock::now() + kPartDeadline);
    const grpc::Status status = stub_->FetchImagePart(&call, request, &reply);
    if (!status.ok()) return std::unexpected(node::error_of(status));
    return ImagePartBytes{std::move(*reply.mutable_bytes()), reply.file_bytes()};
  }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<wire::Nodes::Stub> stub_;
};

}  // namespace

std::unique_ptr<PartSource> make_part_fetcher(std::shared_ptr<grpc::Channel> channel) {
  return std::make_unique<PartFetcher>(std::move(channel));
}

}  // namespace tobari::vmhost
