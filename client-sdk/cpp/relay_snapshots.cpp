// A Relay's calls about snapshots.
#include "weir/client/internal/relay_parts.hpp"
#include "weir/client/relay_messages.hpp"

namespace weir::client {
namespace {

/// Looks at what comes before the taker may believe it.
class Checked {
 public:
  explicit Checked(const SnapshotTaker& taker) : taker_(taker) {}

  Result<bool> take(const v1::ReadSnapshotResponse& response) {
    if (!response.has_snapshot()) return bytes(response.data());
    if (auto whole = end(); !whole) return whole.error();
    const auto info = from_message(response.snapshot());
    if (!info) return info.error();
    current_ = *info;
    hash_.emplace();
    received_ = 0;
    return taker_.begin(*info);
  }
  /// Is what came of the last one all of it?
  [[nodiscard]] Result<void> end() {
    if (!current_ || (received_ == current_->about.size && hash_->finish() == current_->about.hash)) return {};
    return fail(Code::data_loss, "the snapshot at offset " + std::to_string(current_->about.offset.value) +
                                     " is not what its hash says; read the document without it");
  }

 private:
  Result<bool> bytes(const std::string& data) {
    if (!current_) return fail(Code::internal, "the relay's answer makes no sense: bytes of no snapshot");
    received_ += data.size();
    hash_->add(data);
    return taker_.bytes(data);
  }

  const SnapshotTaker& taker_;
  std::optional<SnapshotInfo> current_;
  std::optional<Sha256> hash_;
  std::uint64_t received_ = 0;
};

v1::Fidelity message_of(Fidelity fidelity) {
  if (fidelity == Fidelity::lossless) return v1::FIDELITY_LOSSLESS;
  return fidelity == Fidelity::lossy ? v1::FIDELITY_LOSSY : v1::FIDELITY_UNKNOWN;
}

v1::SnapshotToPut message_of(const DocumentPath& path, const RelaySnapshot& snapshot) {
  auto message = about<v1::SnapshotToPut>(path);
  message.set_producer(std::string(snapshot.producer.view()));
  message.set_offset(snapshot.offset.value);
  if (snapshot.chain) message.set_chain(std::string(snapshot.chain->view()));
  message.set_epoch(snapshot.epoch.value_or(Epoch{}).value);
  message.set_hash(std::string(snapshot.hash.view()));
  message.set_size(snapshot.size);
  message.set_codec(static_cast<std::uint32_t>(snapshot.codec.value));
  message.set_fidelity(message_of(snapshot.fidelity));
  return message;
}

}  // namespace

Result<std::vector<SnapshotInfo>> Relay::snapshots(const DocumentPath& path) const {
  const auto response = parts_->ask(&v1::Relay::Stub::ListSnapshots, about<v1::ListSnapshotsRequest>(path));
  if (!response) return response.error();
  std::vector<SnapshotInfo> all;
  for (const v1::SnapshotInfo& message : response->snapshots()) {
    auto info = from_message(message);
    if (!info) return info.error();
    all.push_back(std::move(*info));
  }
  return all;
}

Result<void> Relay::read_snapshot(const DocumentPath& path, const WhichSnapshot& which, const SnapshotTaker& taker,
                                  std::stop_token stop) const {
  auto request = about<v1::ReadSnapshotRequest>(path);
  request.set_offset(which.offset.value);
  request.set_as_of_offset(which.as_of.offset.value);
  request.set_as_of_time(which.as_of.time.value);
  Checked checked(taker);
  bool left = false;
  const auto take = [&](const v1::ReadSnapshotResponse& response) -> Result<bool> {
    auto more = checked.take(response);
    left = left || (more && !*more);
    return more;
  };
  auto done = parts_->stream(&v1::Relay::Stub::ReadSnapshot, request, take, stop);
  if (!done || left) return done;
  return checked.end();
}

Result<void> Relay::put_snapshot(const DocumentPath& path, const RelaySnapshot& snapshot, const NextBytes& next,
                                 std::stop_token stop) const {
  grpc::ClientContext context;
  parts_->prepare(context);
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  v1::PutSnapshotResponse response;
  const auto writer = parts_->stub->PutSnapshot(&context, &response);
  v1::PutSnapshotRequest request;
  *request.mutable_snapshot() = message_of(path, snapshot);
  std::optional<Error> failed;
  while (writer->Write(request)) {
    auto bytes = next();
    if (!bytes) failed = bytes.error();
    if (!bytes || bytes->empty()) break;
    request.set_data(std::move(*bytes));
  }
  if (failed) context.TryCancel();
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  if (failed) return *failed;
  if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
  return status.ok() ? Result<void>() : parts_->error(status);
}

Result<void> Relay::withdraw_snapshot(const DocumentPath& path, Offset offset) const {
  auto request = about<v1::WithdrawSnapshotRequest>(path);
  request.set_offset(offset.value);
  const auto response = parts_->ask(&v1::Relay::Stub::WithdrawSnapshot, request);
  if (!response) return response.error();
  return {};
}

Result<void> Relay::release_snapshot(const DocumentPath& path, Offset offset, const Digest& hash) const {
  auto request = about<v1::ReleaseSnapshotRequest>(path);
  request.set_offset(offset.value);
  request.set_hash(std::string(hash.view()));
  const auto response = parts_->ask(&v1::Relay::Stub::ReleaseSnapshot, request);
  if (!response) return response.error();
  return {};
}

}  // namespace weir::client
