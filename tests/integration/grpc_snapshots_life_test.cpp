// How a call that puts a snapshot lives and ends: cancelled, stopped, slow, silent.
#include "grpc_snapshots_fixture.hpp"

namespace weir::test {
namespace {

TEST_F(GrpcSnapshots, a_call_that_is_cancelled_leaves_nothing_behind) {
  begin();
  const std::string bytes = text_of(3'000'000);
  {
    grpc::ClientContext context;
    v1::PutSnapshotResponse response;
    const auto writer = stub_->PutSnapshot(&context, &response);
    ASSERT_TRUE(writer->Write(announcement(bytes, 3)));
    ASSERT_TRUE(writer->Write(part(bytes.substr(0, 1'000'000))));
    wait_until([this] { return watched_.written > 0; });
    context.TryCancel();
    EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  wait_until([this] { return watched_.open == 0 && transport_->calls() == 0 && sessions() == 0; });
  EXPECT_EQ(list().snapshots_size(), 0);
  EXPECT_TRUE(put(bytes, 3).ok());
}

TEST_F(GrpcSnapshots, a_client_that_names_nothing_is_not_waited_for) {
  limits_.hello_wait_max = 1ms;
  begin();
  grpc::ClientContext context;
  v1::PutSnapshotResponse response;
  const auto writer = stub_->PutSnapshot(&context, &response);
  const grpc::Status status = writer->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(GrpcSnapshots, a_stopping_relay_ends_what_is_being_put) {
  begin();
  const std::string bytes = text_of(3'000'000);
  grpc::ClientContext context;
  v1::PutSnapshotResponse response;
  const auto writer = stub_->PutSnapshot(&context, &response);
  ASSERT_TRUE(writer->Write(announcement(bytes, 3)));
  ASSERT_TRUE(writer->Write(part(bytes.substr(0, 1'000'000))));
  wait_until([this] { return watched_.written > 0; });
  transport_->drain(1h);
  const grpc::Status status = writer->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(reason_of(status), "GOING_AWAY");
  wait_until([this] { return watched_.open == 0; });
}

/// A session that wants one message at a time, and says so late.
TEST_F(GrpcStream, a_snapshot_is_read_only_while_the_session_wants_more) {
  start();
  const std::string bytes = text_of(40 * 50'000);
  bool wanted = true;
  int turns = 0;
  std::promise<std::string> whole;
  std::function<void(FakeSession&)> wait = [&](FakeSession& session) {
    if (turns-- > 0) return thread_.post([&] { wait(session); });
    wanted = true;
    session.connection.reading(true);
  };
  shard_.on_open = [&](FakeSession& session) {
    session.on_message = [&](const SharedBytes&) {
      EXPECT_TRUE(wanted);
      wanted = false;
      session.connection.reading(false);
      std::string all;
      for (const std::string& piece : session.received) all += piece;
      if (all.size() == bytes.size()) return whole.set_value(all);
      // Whatever came in between would be found out.
      turns = 20;
      wait(session);
    };
    session.connection.reading(true);
  };
  const auto stub = v1::Relay::NewStub(channel_);
  grpc::ClientContext context;
  v1::PutSnapshotResponse response;
  const auto writer = stub->PutSnapshot(&context, &response);
  v1::PutSnapshotRequest request;
  v1::SnapshotToPut& about = *request.mutable_snapshot();
  about.set_space("space");
  about.set_document("plan");
  about.set_producer(bytes_of(producer_number(1)));
  about.set_offset(1);
  about.set_chain(std::string(32, 'c'));
  about.set_hash(std::string(32, 'h'));
  about.set_size(bytes.size());
  ASSERT_TRUE(writer->Write(request));
  for (std::size_t at = 0; at < bytes.size(); at += 50'000) {
    request.set_data(bytes.substr(at, 50'000));
    ASSERT_TRUE(writer->Write(request));
  }
  EXPECT_TRUE(whole.get_future().get() == bytes);
  context.TryCancel();
  EXPECT_FALSE(writer->Finish().ok());
  shard_.wait_until_empty();
}

}  // namespace
}  // namespace weir::test
