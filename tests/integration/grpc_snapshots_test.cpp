// Snapshots over gRPC: put, listed, read back, withdrawn; a document as it stood; and what is refused.
#include "grpc_snapshots_fixture.hpp"

namespace weir::test {
namespace {

TEST_F(GrpcSnapshots, what_is_put_is_listed_and_read_back_byte_for_byte) {
  begin();
  const std::string bytes = text_of(3'000'000);
  std::vector<v1::PutSnapshotRequest> messages{announcement(bytes, 3)};
  for (std::size_t at = 0, size = 1; at < bytes.size(); at += size, size = size * 7 % 1'000'000 + 1) {
    messages.push_back(part(bytes.substr(at, size)));
    messages.push_back(part(""));
  }
  v1::PutSnapshotResponse stored;
  const grpc::Status status = put(messages, &stored);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(stored.offset(), 3U);
  EXPECT_EQ(stored.epoch(), log_.document(plan_)->epoch.value);

  const auto listed = list();
  EXPECT_EQ(listed.epoch(), stored.epoch());
  ASSERT_EQ(listed.snapshots_size(), 1);
  const v1::SnapshotInfo& about = listed.snapshots(0);
  EXPECT_EQ(about.offset(), 3U);
  EXPECT_EQ(about.hash(), bytes_of(sha256(bytes)));
  EXPECT_EQ(about.size(), bytes.size());
  EXPECT_EQ(about.codec(), 17U);
  EXPECT_EQ(about.chain(), bytes_of(log_.chain(plan_, {3}).value()));
  EXPECT_EQ(about.base(), 0U);
  EXPECT_EQ(about.fidelity(), v1::FIDELITY_LOSSLESS);
  EXPECT_EQ(about.standing(), v1::STANDING_CANDIDATE);
  EXPECT_FALSE(about.served());
  EXPECT_EQ(about.author(), "producer " + producer_number(1).hex());
  EXPECT_EQ(about.records(), 3U);

  const Read back = read(3);
  ASSERT_TRUE(back.status.ok()) << back.status.error_message();
  ASSERT_EQ(back.about.size(), 1U);
  EXPECT_EQ(back.about[0].SerializeAsString(), about.SerializeAsString());
  EXPECT_TRUE(back.bytes[0] == bytes);
  EXPECT_EQ(reason_of(read(0).status), "NO_SNAPSHOT");  // one client's word, and new
}

TEST_F(GrpcSnapshots, an_empty_one_is_one_too) {
  limits_.snapshots.serve_unverified_after = 0s;
  begin();
  ASSERT_TRUE(put("", 2).ok());
  const Read back = read(0);
  ASSERT_EQ(back.about.size(), 1U);
  EXPECT_TRUE(back.about[0].served());
  EXPECT_EQ(back.bytes[0], "");
  EXPECT_TRUE(back.status.ok());
}

TEST_F(GrpcSnapshots, one_that_another_producer_confirms_is_served_and_one_withdrawn_is_not) {
  begin();
  const std::string bytes = text_of(1000);
  ASSERT_TRUE(put(bytes, 3).ok());
  RawSync other(channel_);
  other.hello(2);
  const auto here = other.subscribe(plan_);
  other.send(frames::Attest{here.document, {3}, sha256(bytes), true});
  wait_until([this] { return list().snapshots(0).standing() == v1::STANDING_VERIFIED; });
  EXPECT_TRUE(list().snapshots(0).served());
  EXPECT_EQ(read(0).bytes.at(0), bytes);

  v1::WithdrawSnapshotRequest request;
  request.set_space("space");
  request.set_document("plan");
  request.set_offset(3);
  v1::WithdrawSnapshotResponse response;
  const auto withdraw = [&] {
    grpc::ClientContext context;
    return stub_->WithdrawSnapshot(&context, request, &response);
  };
  ASSERT_TRUE(withdraw().ok());
  EXPECT_EQ(list().snapshots(0).standing(), v1::STANDING_QUARANTINED);
  EXPECT_FALSE(list().snapshots(0).served());
  EXPECT_EQ(reason_of(read(0).status), "NO_SNAPSHOT");
  EXPECT_EQ(reason_of(read(3).status), "NO_SNAPSHOT");
  const grpc::Status again = withdraw();
  EXPECT_EQ(again.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(reason_of(again), "NO_SNAPSHOT");
}

TEST_F(GrpcSnapshots, one_that_lies_on_another_comes_behind_it) {
  limits_.snapshots.serve_unverified_after = 0s;
  begin();
  ASSERT_TRUE(put("base", 1).ok());
  const SnapshotId base = log_.snapshots().list(plan_)->at(0).id;
  const auto upload = log_.snapshots().begin(plan_, log_.document(plan_)->epoch);
  ASSERT_TRUE(log_.snapshots().write(*upload, "layer"));
  Snapshot layer;
  layer.base = base;
  layer.offset = {3};
  layer.hash = sha256("layer");
  layer.size = 5;
  ASSERT_TRUE(log_.snapshots().seal(*upload, layer));
  const Read back = read(0);
  ASSERT_EQ(back.about.size(), 2U);
  EXPECT_EQ(back.bytes, (std::vector<std::string>{"base", "layer"}));
  EXPECT_EQ(back.about[0].base(), 0U);
  EXPECT_EQ(back.about[1].base(), 1U);
  EXPECT_EQ(read(1).bytes, (std::vector<std::string>{"base"}));
  EXPECT_EQ(read(0, 2).bytes, (std::vector<std::string>{"base"}));
  EXPECT_EQ(read(0, 3).bytes.size(), 2U);
}

TEST_F(GrpcSnapshots, a_document_is_read_as_it_stood) {
  limits_.snapshots.serve_unverified_after = 0s;
  begin({.page_bytes = 1});
  append({"four", "five"});
  ASSERT_TRUE(put("of two", 2).ok());
  ASSERT_TRUE(put("of four", 4).ok());
  v1::ReadRequest request;
  request.set_as_of_offset(3);
  const AsItStood three = read_document(request);
  EXPECT_EQ(three.payloads, "one two three ");
  EXPECT_EQ(three.last.cursor().offset(), 3U);
  EXPECT_EQ(three.last.cursor().chain(), bytes_of(log_.chain(plan_, {3}).value()));
  EXPECT_TRUE(three.snapshots.empty());

  request.set_snapshots(true);
  const AsItStood with_snapshot = read_document(request);
  ASSERT_EQ(with_snapshot.snapshots.size(), 1U);
  EXPECT_EQ(with_snapshot.snapshots[0].offset(), 2U);
  EXPECT_EQ(with_snapshot.payloads, "three ");
  request.set_as_of_offset(1);
  EXPECT_EQ(read_document(request).payloads, "one ");
  request.set_as_of_offset(100);
  EXPECT_EQ(read_document(request).payloads, "five ");
  request.set_as_of_offset(0);
  request.set_as_of_time(1);
  const AsItStood before_all = read_document(request);
  EXPECT_TRUE(before_all.status.ok());
  EXPECT_EQ(before_all.payloads, "");
  EXPECT_EQ(before_all.last.cursor().offset(), 0U);
  request.set_as_of_time(100'000'000'000);
  EXPECT_EQ(read_document(request).payloads, "five ");

  // From there on, it is read like from any cursor; and back before one there is nothing.
  v1::ReadRequest on;
  *on.mutable_cursor() = three.last.cursor();
  EXPECT_EQ(read_document(on).payloads, "four five ");
  on.set_as_of_offset(2);
  EXPECT_EQ(read_document(on).payloads, "");
  on.set_snapshots(true);
  EXPECT_EQ(read_document(on).status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(GrpcSnapshots, wrong_ones_are_refused_with_what_is_wrong) {
  begin();
  const auto refused = [this](const std::vector<v1::PutSnapshotRequest>& messages) {
    const grpc::Status status = put(messages);
    wait_until([this] { return watched_.open == 0; });
    EXPECT_EQ(list().snapshots_size(), 0);
    return std::to_string(status.error_code()) + ' ' + reason_of(status);
  };
  const std::string bytes = "some bytes";
  const auto changed = [&](const std::function<void(v1::SnapshotToPut&)>& change) {
    v1::PutSnapshotRequest first = announcement(bytes, 3);
    change(*first.mutable_snapshot());
    return refused({first, part(bytes)});
  };
  EXPECT_EQ(refused({}), "3 INVALID_ARGUMENT");
  EXPECT_EQ(refused({part("x")}), "3 INVALID_ARGUMENT");
  EXPECT_EQ(refused({announcement(bytes, 3)}), "3 INVALID_ARGUMENT");
  EXPECT_EQ(refused({announcement(bytes, 3), part("some")}), "3 INVALID_ARGUMENT");
  EXPECT_EQ(refused({announcement(bytes, 3), part(bytes + "more")}), "3 INVALID_ARGUMENT");
  EXPECT_EQ(refused({announcement(bytes, 3), announcement(bytes, 3)}), "3 INVALID_ARGUMENT");
  EXPECT_EQ(refused({announcement(bytes, 3), part("other byte")}), "3 SNAPSHOT");
  EXPECT_EQ(changed([](auto& about) { about.set_hash("short"); }), "3 INVALID_ARGUMENT");
  EXPECT_EQ(changed([](auto& about) { about.set_chain("short"); }), "3 INVALID_ARGUMENT");
  EXPECT_EQ(changed([](auto& about) { about.set_producer("short"); }), "3 INVALID_ARGUMENT");
  EXPECT_EQ(changed([](auto& about) { about.set_document(""); }), "3 INVALID_ARGUMENT");
  EXPECT_EQ(changed([](auto& about) { about.set_size(std::uint64_t{1} << 40); }), "3 INVALID_ARGUMENT");
  EXPECT_EQ(changed([](auto& about) { about.set_chain(std::string(32, 'x')); }), "9 SNAPSHOT");
  EXPECT_EQ(changed([](auto& about) { about.set_epoch(77); }), "9 SNAPSHOT");
  EXPECT_EQ(changed([](auto& about) { about.set_offset(0); }), "11 SNAPSHOT");
  EXPECT_EQ(changed([](auto& about) { about.set_offset(4); }), "11 SNAPSHOT");
  EXPECT_EQ(changed([](auto& about) { about.set_document("never was"); }), "11 SNAPSHOT");
}

TEST_F(GrpcSnapshots, an_older_one_is_not_taken_and_the_same_once_more_is_no_error) {
  begin();
  ASSERT_TRUE(put("of two", 2).ok());
  EXPECT_TRUE(put("of two", 2).ok());
  const grpc::Status older = put("of one", 1);
  EXPECT_EQ(older.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(reason_of(older), "SNAPSHOT");
  EXPECT_EQ(list().snapshots_size(), 1);
}

TEST_F(GrpcSnapshots, a_second_one_at_once_is_to_wait) {
  limits_.snapshots.volunteer_interval = 1h;
  begin();
  ASSERT_TRUE(put("of two", 2).ok());
  const grpc::Status status = put("of three", 3);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(reason_of(status), "SNAPSHOT");
}

TEST_F(GrpcSnapshots, a_message_that_is_too_long_is_refused_with_the_limit) {
  limits_.frame_bytes_max = 10'000;
  begin();
  const std::string bytes = text_of(10'500);
  const grpc::Status status = put({announcement(bytes, 3), part(bytes)});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(reason_of(status), "MESSAGE_TOO_LARGE");
}

TEST_F(GrpcSnapshots, reading_what_is_not_there) {
  begin();
  const auto code = [this](const std::string& document) {
    grpc::ClientContext context;
    v1::ListSnapshotsRequest request;
    request.set_space("space");
    request.set_document(document);
    v1::ListSnapshotsResponse response;
    const grpc::Status status = stub_->ListSnapshots(&context, request, &response);
    return std::to_string(status.error_code()) + ' ' + reason_of(status);
  };
  EXPECT_EQ(code("never was"), "5 NO_DOCUMENT");
  EXPECT_EQ(code(""), "3 INVALID_ARGUMENT");
  EXPECT_EQ(reason_of(read(2).status), "NO_SNAPSHOT");
  EXPECT_EQ(read(2, 1).status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  grpc::ClientContext context;
  v1::DeleteDocumentRequest request;
  request.set_space("space");
  request.set_document("plan");
  v1::DeleteDocumentResponse response;
  ASSERT_TRUE(stub_->DeleteDocument(&context, request, &response).ok());
  EXPECT_EQ(code("plan"), "5 DELETED");
  EXPECT_EQ(reason_of(read(0).status), "DELETED");
}

}  // namespace
}  // namespace weir::test
