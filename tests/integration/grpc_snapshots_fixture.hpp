// A relay of one document with three records, and the calls about its snapshots.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "grpc_fixture.hpp"
#include "weir/v1/relay.grpc.pb.h"

namespace weir::test {

using namespace std::chrono_literals;

inline std::string bytes_of(const Digest& digest) { return std::string(digest.view()); }
inline std::string bytes_of(const ProducerId& producer) { return std::string(producer.view()); }

/// Many parts of a store, and none like another.
inline std::string text_of(std::size_t size) {
  std::string text;
  while (text.size() < size) text += "line " + std::to_string(text.size()) + '\n';
  text.resize(size);
  return text;
}

/// Counts uploads that have begun and are not over.
class WatchedSnapshots final : public storage::SnapshotStore {
 public:
  explicit WatchedSnapshots(storage::SnapshotStore& inner) : inner_(inner) {}
  Result<SnapshotUpload> begin(const DocumentPath& path, Epoch epoch) override {
    auto begun = inner_.begin(path, epoch);
    if (begun) ++open;
    return begun;
  }
  Result<void> write(SnapshotUpload upload, std::string_view bytes) override {
    written += bytes.size();
    return inner_.write(upload, bytes);
  }
  Result<Snapshot> seal(SnapshotUpload upload, Snapshot about) override {
    --open;
    return inner_.seal(upload, std::move(about));
  }
  void abandon(SnapshotUpload upload) override {
    --open;
    inner_.abandon(upload);
  }
  Result<void> set_standing(const DocumentPath& path, SnapshotId id, SnapshotStanding standing, Seconds since,
                            const std::string& by) override {
    return inner_.set_standing(path, id, standing, since, by);
  }
  Result<void> drop(const DocumentPath& path, SnapshotId id) override { return inner_.drop(path, id); }
  Result<std::vector<Snapshot>> list(const DocumentPath& path) const override { return inner_.list(path); }
  Result<SnapshotPart> read(const DocumentPath& path, SnapshotId id, std::uint64_t position,
                            bool compressed) const override {
    return inner_.read(path, id, position, compressed);
  }

  std::atomic<int> open = 0;
  std::atomic<std::size_t> written = 0;

 private:
  storage::SnapshotStore& inner_;
};

class GrpcSnapshots : public GrpcRelay {
 protected:
  GrpcSnapshots() { limits_.snapshots.volunteer_interval = 0ms; }
  void begin(rpc::Options options = {}) {
    snapshots_ = &watched_;
    start(std::move(options));
    stub_ = v1::Relay::NewStub(channel_);
    append({"one", "two", "three"});
  }

  void append(const std::vector<std::string>& payloads) {
    v1::AppendRequest request;
    request.set_space("space");
    request.set_document("plan");
    request.set_producer(bytes_of(producer_number(1)));
    for (const std::string& payload : payloads) request.add_deltas()->set_payload(payload);
    grpc::ClientContext context;
    v1::AppendResponse response;
    ASSERT_TRUE(stub_->Append(&context, request, &response).ok());
  }

  static v1::PutSnapshotRequest announcement(const std::string& bytes, std::uint64_t offset) {
    v1::PutSnapshotRequest request;
    v1::SnapshotToPut& about = *request.mutable_snapshot();
    about.set_space("space");
    about.set_document("plan");
    about.set_producer(bytes_of(producer_number(1)));
    about.set_offset(offset);
    about.set_hash(bytes_of(sha256(bytes)));
    about.set_size(bytes.size());
    about.set_codec(17);
    about.set_fidelity(v1::FIDELITY_LOSSLESS);
    return request;
  }
  static v1::PutSnapshotRequest part(std::string bytes) {
    v1::PutSnapshotRequest request;
    request.set_data(std::move(bytes));
    return request;
  }
  /// The messages one after the other, and how the call ended.
  grpc::Status put(const std::vector<v1::PutSnapshotRequest>& messages, v1::PutSnapshotResponse* response = nullptr) {
    grpc::ClientContext context;
    v1::PutSnapshotResponse unread;
    const auto writer = stub_->PutSnapshot(&context, response != nullptr ? response : &unread);
    for (const auto& message : messages)
      if (!writer->Write(message)) break;
    writer->WritesDone();
    return writer->Finish();
  }
  grpc::Status put(const std::string& bytes, std::uint64_t offset, std::size_t part_bytes = 300'000) {
    std::vector<v1::PutSnapshotRequest> messages{announcement(bytes, offset)};
    for (std::size_t at = 0; at < bytes.size(); at += part_bytes)
      messages.push_back(part(bytes.substr(at, part_bytes)));
    return put(messages);
  }

  v1::ListSnapshotsResponse list() {
    grpc::ClientContext context;
    v1::ListSnapshotsRequest request;
    request.set_space("space");
    request.set_document("plan");
    v1::ListSnapshotsResponse response;
    EXPECT_TRUE(stub_->ListSnapshots(&context, request, &response).ok());
    return response;
  }

  struct Read {
    std::vector<v1::SnapshotInfo> about;
    std::vector<std::string> bytes;
    grpc::Status status;
  };
  Read read(std::uint64_t offset, std::uint64_t as_of_offset = 0, std::uint64_t as_of_time = 0) {
    grpc::ClientContext context;
    v1::ReadSnapshotRequest request;
    request.set_space("space");
    request.set_document("plan");
    request.set_offset(offset);
    request.set_as_of_offset(as_of_offset);
    request.set_as_of_time(as_of_time);
    const auto reader = stub_->ReadSnapshot(&context, request);
    Read all;
    for (v1::ReadSnapshotResponse response; reader->Read(&response);) {
      if (response.has_snapshot()) {
        all.about.push_back(response.snapshot());
        all.bytes.emplace_back();
      } else {
        all.bytes.back() += response.data();
      }
    }
    all.status = reader->Finish();
    return all;
  }

  struct AsItStood {
    std::string payloads;
    v1::ReadResponse last;
    std::vector<v1::SnapshotInfo> snapshots;
    grpc::Status status;
  };
  AsItStood read_document(v1::ReadRequest request) {
    request.set_space("space");
    request.set_document("plan");
    grpc::ClientContext context;
    const auto reader = stub_->Read(&context, request);
    AsItStood all;
    for (v1::ReadResponse response; reader->Read(&response); all.last = response) {
      for (const auto& record : response.records()) all.payloads += record.payload() + ' ';
      for (const auto& snapshot : response.snapshots()) all.snapshots.push_back(snapshot);
    }
    all.status = reader->Finish();
    return all;
  }

  const DocumentPath plan_ = path_of("space", "plan");
  WatchedSnapshots watched_{log_.snapshots()};
  std::unique_ptr<v1::Relay::Stub> stub_;
};

}  // namespace weir::test
