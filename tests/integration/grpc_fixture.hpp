// The gRPC transport over real shards and a log in memory, and over a shard whose sessions do what the test says.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "fake_shard.hpp"
#include "grpc_client.hpp"
#include "weir/auth/open_authorizer.hpp"
#include "weir/grpc/transport.hpp"
#include "weir/memory/memory_log.hpp"
#include "weir/native/native_dialect.hpp"
#include "weir/runtime/reader_pool.hpp"
#include "weir/runtime/system_random.hpp"
#include "weir/yjs/encoder.hpp"
#include "weir/yjs/state_vector.hpp"

namespace weir::test {

/// Lets others run until a condition holds. What is waited for happens on other threads, with no event to wait on.
template <class Condition>
void wait_until(const Condition& holds) {
  while (!holds()) std::this_thread::yield();
}

/// Two shards, a log that commits on a thread of its own, and the transport on a free port.
class GrpcRelay : public testing::Test {
 protected:
  void start(rpc::Options options = {}) {
    for (const char* name : {"shard-0", "shard-1"}) threads_.push_back(std::make_unique<runtime::IoThread>(name));
    shards_ = shard::make_shards({.log = log_,
                                  .snapshots = *snapshots_,
                                  .readers = readers_,
                                  .random = random_,
                                  .authorizer = authorizer_,
                                  .encoders = {&native_encoder_, &yjs_encoder_},
                                  .cover_merger = cover_merger_,
                                  .limits = limits_,
                                  .server_version = "test"},
                                 {threads_[0].get(), threads_[1].get()});
    transport_ = std::make_unique<rpc::Transport>(
        rpc::Parts{log_, *snapshots_, readers_, authorizer_, limits_, {shards_[0].get(), shards_[1].get()}},
        std::move(options));
    ASSERT_TRUE(transport_->listen());
    for (const auto& thread : threads_) thread->start();
    channel_ = connect_grpc(transport_->port());
  }

  void TearDown() override {
    transport_->stop();
    for (const auto& thread : threads_) thread->stop();
    readers_.stop();
  }

  [[nodiscard]] std::uint64_t sessions() const {
    return shards_[0]->counters().sessions + shards_[1]->counters().sessions;
  }
  [[nodiscard]] std::uint64_t fell_behind() const {
    return shards_[0]->counters().fell_behind + shards_[1]->counters().fell_behind;
  }

  core::Limits limits_;
  storage::MemoryLog log_{{.incarnation = {}, .mode = storage::MemoryLog::Mode::automatic}};
  storage::SnapshotStore* snapshots_ = &log_.snapshots();
  runtime::ReaderPool readers_{2};
  runtime::SystemRandom random_;
  auth::OpenAuthorizer authorizer_{{}};
  native::NativeEncoder native_encoder_;
  yjs::Encoder yjs_encoder_;
  yjs::CoverMerger cover_merger_;
  std::vector<std::unique_ptr<runtime::IoThread>> threads_;
  std::vector<std::unique_ptr<shard::Shard>> shards_;
  std::unique_ptr<rpc::Transport> transport_;
  std::shared_ptr<grpc::Channel> channel_;
};

/// One shard whose sessions echo, unless a test says otherwise.
class GrpcStream : public testing::Test {
 protected:
  void SetUp() override {
    shard_.on_open = [](FakeSession& session) {
      session.on_message = [&session](const SharedBytes& message) { session.say(message); };
    };
  }

  void start(rpc::Options options = {}) {
    transport_ = std::make_unique<rpc::Transport>(
        rpc::Parts{log_, log_.snapshots(), readers_, authorizer_, limits_, {&shard_}}, std::move(options));
    ASSERT_TRUE(transport_->listen());
    thread_.start();
    channel_ = connect_grpc(transport_->port(), true);
  }

  void TearDown() override {
    transport_->stop();
    thread_.stop();
    readers_.stop();
  }

  core::Limits limits_;
  storage::MemoryLog log_{{.incarnation = {}, .mode = storage::MemoryLog::Mode::automatic}};
  runtime::ReaderPool readers_{1};
  auth::OpenAuthorizer authorizer_{{}};
  runtime::IoThread thread_{"test"};
  FakeShard shard_{thread_};
  std::unique_ptr<rpc::Transport> transport_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace weir::test
