// SPDX-License-Identifier: GPL-3.0-or-later
// A version from one host's file to another host's folder: a real broker, real lines to it, and everything of two hosts
// that looks after images. The converter is played; import_test.cpp has the real one.
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <tobari/net/node_link.h>

#include "disk_files.h"
#include "images/fake_converter.h"
#include "images/host_images.h"
#include "link/broker_link.h"
#include "link/part_fetcher.h"
#include "running_broker.h"
#include "temp_dir.h"

namespace tobari {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using vmhost::disk_files::kMebi;

// What of tobari-vmhost has to do with images.
class ImageHost {
 public:
  ImageHost(std::shared_ptr<grpc::Channel> channel, const std::filesystem::path& folder, std::string name)
      : name_(std::move(name)),
        loop_(std::move(vmhost::Loop::create()).value()),
        images_(folder / "images", folder / "digests"),
        disks_(folder / "disks", std::nullopt) {
    for (const char* each : {"images", "imports", "disks", "templates"}) {
      std::filesystem::create_directories(folder / each);
    }
    disk_worker_.emplace(*loop_);
    host_.emplace(
        vmhost::HostImages::Options{.images_dir = folder / "images",
                                    .imports_dir = folder / "imports",
                                    .templates_dir = folder / "templates",
                                    .rules = {},
                                    .times = {.progress_every = 50ms, .storage_every = 60s, .again_first = 50ms}},
        vmhost::HostImages::Beside{*loop_, *disk_worker_, images_, disks_}, std::make_unique<vmhost::FakeConverter>(),
        vmhost::make_part_fetcher({channel}));
    host_->keeper().set_changed([this] { report(); });
    link_.emplace(
        *loop_, std::move(channel),
        vmhost::BrokerLink::Callbacks{[this] { greet(); }, [this](const wire::ToHost& message) { take(message); }});
    thread_ = std::jthread([this] { loop_->run(); });
  }
  ~ImageHost() {
    loop_->stop();
    thread_.join();
    link_.reset();
    host_->stop();
    disk_worker_.reset();
    host_.reset();
    loop_->clear();
  }
  ImageHost(const ImageHost&) = delete;
  ImageHost& operator=(const ImageHost&) = delete;

 private:
  void greet() {
    wire::FromHost message;
    wire::HostHello& hello = *message.mutable_hello();
    hello.set_name(name_);
    hello.set_front_address("127.0.0.1");
    hello.set_front_port(3390);
    hello.set_memory_mib(8192);
    for (const vmhost::ImageName& each : images_.list()) hello.add_images()->set_name(each.name);
    link_->send(message);
    report();
  }
  void report() {
    wire::FromHost message;
    host_->keeper().report(*message.mutable_actual());
    link_->send(message);
  }
  void take(const wire::ToHost& message) {
    if (message.has_desired()) host_->keeper().want(message.desired().images());
    if (!message.has_read_image_part()) return;
    host_->keeper().read_part(message.read_image_part(), [this, id = message.read_image_part().request_id()](
                                                             const Result<vmhost::ImagePartBytes>& part) {
      wire::FromHost reply;
      if (part) {
        reply.mutable_image_part()->set_request_id(id);
        reply.mutable_image_part()->set_bytes(part->bytes);
        reply.mutable_image_part()->set_file_bytes(part->file_bytes);
      } else {
        reply.mutable_failed()->set_request_id(id);
        reply.mutable_failed()->set_code(std::string(to_string(part.error().code)));
        reply.mutable_failed()->set_message(part.error().message);
      }
      link_->send(reply);
    });
  }

  const std::string name_;
  std::unique_ptr<vmhost::Loop> loop_;
  vmhost::ImageStore images_;
  vmhost::DiskStore disks_;
  std::optional<vmhost::Worker> disk_worker_;
  std::optional<vmhost::HostImages> host_;
  std::optional<vmhost::BrokerLink> link_;
  std::jthread thread_;
};

class TwoHostsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(running_.init().has_value());
    ASSERT_TRUE(running_.start().has_value());
    admin_ = running_.sign_in("root");
    for (const char* name : {"host-1", "host-2"}) enrol(name);
    // Larger than a few pieces.
    vmhost::disk_files::SparseFile disk = vmhost::disk_files::qcow2();
    disk.resize(3 * kMebi + 77);
    dir_.write("host-1/imports/disk.qcow2", disk.text());
    ::chmod((dir_ / "host-1/imports/disk.qcow2").c_str(), 0644);
  }
  void enrol(const std::string& name) {
    const auto made =
        running_.call("POST", "/api/v1/join-tokens", admin_, R"({"role":"host","name":")" + name + R"("})");
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string token = nlohmann::json::parse(made.body).value("join_token", "");
    std::filesystem::create_directories(dir_ / (name + "/identity"));
    const auto enrolled = node::enrol(token, node::Role::kHost, name, dir_ / (name + "/identity"));
    ASSERT_TRUE(enrolled) << describe(enrolled.error());
  }
  std::unique_ptr<ImageHost> host(const std::string& name) {
    auto channel = node::open(dir_ / (name + "/identity"), net::to_string(running_.broker->nodes_endpoint()));
    return std::make_unique<ImageHost>(std::move(channel).value(), dir_ / name, name);
  }
  nlohmann::json get(const std::string& path) {
    const auto answer = running_.call("GET", "/api/v1/images" + path, admin_);
    return nlohmann::json::parse(answer.body, nullptr, false);
  }
  broker::Response post(const std::string& path, const std::string& body = "") {
    return running_.call("POST", "/api/v1/images" + path, admin_, body);
  }
  // Asks until it holds, for twenty seconds.
  bool soon(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
    }
    return true;
  }
  bool is_ready_on(std::size_t count, const std::string& path) {
    std::size_t ready = 0;
    for (const auto& each : get(path).value("hosts", nlohmann::json::array())) {
      if (each.value("state", "") == "ready") ++ready;
    }
    return ready == count;
  }

  vmhost::TempDir dir_;
  broker::RunningBroker running_;
  std::string admin_;
};

TEST_F(TwoHostsTest, AVersionComesFromOneHostToTheOtherAndIsPublished) {
  const auto one = host("host-1");
  auto two = host("host-2");
  const std::string order = R"({"host":"host-1","file":"disk.qcow2","format":"qcow2"})";
  broker::Response begun;
  ASSERT_TRUE(soon([&] {
    begun = post("/desk/versions", order);
    return begun.status != 503;  // it is not connected yet
  }));
  ASSERT_EQ(begun.status, 202) << begun.body;
  ASSERT_TRUE(soon([this] { return is_ready_on(2, "/desk/versions/1"); })) << get("/desk/versions/1").dump(2);
  EXPECT_EQ(get("/desk/versions/1").at("signature_holds"), true);
  for (const char* name : {"host-1", "host-2"}) {
    const vmhost::ImageFolders folders(dir_ / (std::string(name) + "/images"));
    const auto digest = folders.digest_of("desk@1");
    ASSERT_TRUE(digest) << name;
    EXPECT_EQ(*digest, get("/desk/versions/1").value("digest", ""));
    EXPECT_TRUE(folders.verify("desk@1", *digest, vmhost::ImageJob())) << name;
  }
  EXPECT_EQ(post("/desk/versions/1/publish").status, 200) << "every host has it";

  // A host that comes back without its files gets them again.
  two.reset();
  std::filesystem::remove_all(dir_ / "host-2/images/desk@1");
  two = host("host-2");
  ASSERT_TRUE(soon([this] { return is_ready_on(2, "/desk/versions/1"); }));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "host-2/images/desk@1/disk.qcow2"));

  // And what is retired goes from both.
  ASSERT_TRUE(soon([&] { return post("/desk/versions", order).status == 202; }));
  ASSERT_TRUE(soon([this] { return is_ready_on(2, "/desk/versions/2"); }));
  ASSERT_EQ(post("/desk/versions/2/retire").status, 200);
  ASSERT_TRUE(soon([this] {
    return !std::filesystem::exists(dir_ / "host-1/images/desk@2") &&
           !std::filesystem::exists(dir_ / "host-2/images/desk@2");
  }));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "host-1/images/desk@1"));
}

TEST_F(TwoHostsTest, WithoutAHostThatHasItACopyWaitsAndSaysSo) {
  auto one = host("host-1");
  ASSERT_TRUE(soon([&] {
    return post("/desk/versions", R"({"host":"host-1","file":"disk.qcow2","format":"qcow2"})").status == 202;
  }));
  ASSERT_TRUE(soon([this] { return is_ready_on(1, "/desk/versions/1"); }));
  one.reset();
  const auto two = host("host-2");
  ASSERT_TRUE(soon([this] { return get("/desk/versions/1").dump().contains("no other host that has desk@1"); }))
      << get("/desk/versions/1").dump(2);
  one = host("host-1");
  ASSERT_TRUE(soon([this] { return is_ready_on(2, "/desk/versions/1"); })) << get("/desk/versions/1").dump(2);
}

}  // namespace
}  // namespace tobari
