// What a shard does about snapshots: every step at the store runs on the pool of readers, and its answer comes back as
// a message.
#include "weir/shard/shard_impl.hpp"

namespace weir::shard {
namespace {

using Piece = core::SnapshotReadAnswer::Piece;

Result<Piece> encode(const core::DeliveryEncoder& encoder, const core::SnapshotReadRequest& request,
                     const SnapshotPart& part) {
  return Piece{encoder.snapshot(request.document, request.snapshot, request.base_offset, part),
               part.position + part.size, part.last};
}

/// All of it in one: for clients whose protocol cannot take it in parts.
Result<Piece> read_whole(const storage::SnapshotStore& store, const core::DeliveryEncoder& encoder,
                         const core::SnapshotReadRequest& request) {
  std::string bytes;
  for (bool last = false; !last;) {
    auto part = store.read(*request.path, request.snapshot.id, bytes.size(), false);
    if (!part) return part.error();
    bytes.append(part->bytes.view());
    last = part->last;
  }
  const std::uint64_t size = bytes.size();
  return encode(encoder, request, {0, size, SharedBytes::take(std::move(bytes)), false, true});
}

Result<Piece> read_part(const storage::SnapshotStore& store, const core::DeliveryEncoder& encoder,
                        const core::SnapshotReadRequest& request) {
  auto part = store.read(*request.path, request.snapshot.id, request.position, request.unpacks);
  if (!part) return part.error();
  return encode(encoder, request, *part);
}

}  // namespace

void ShardImpl::read(core::SnapshotReadRequest request) {
  ++counters_.reads.snapshot;
  fleet_->environment.readers.submit([this, request = std::move(request)] {
    const auto& store = fleet_->environment.snapshots;
    const auto& encoder = *fleet_->environment.encoders[static_cast<std::size_t>(request.dialect)];
    const SnapshotCache::Key key{request.document, request.epoch,   request.snapshot.id, request.snapshot.standing,
                                 request.position, request.dialect, request.unpacks};
    auto piece = fleet_->snapshots.get(key, [&] {
      return encoder.sends_whole() ? read_whole(store, encoder, request) : read_part(store, encoder, request);
    });
    post(core::SnapshotReadAnswer{request.session, request.space, request.number, request.document, std::move(piece)});
  });
}

void ShardImpl::read(core::HistoryRequest request) {
  ++counters_.reads.history;
  fleet_->environment.readers.submit([this, wall = executor_.wall_now(), request = std::move(request)] {
    const auto& environment = fleet_->environment;
    const Archives archives{environment.log, environment.snapshots, environment.limits.snapshots};
    post(core::HistoryAnswer{
        request.session, answer_history(archives, wall, request, environment.limits.read_bytes_max), request.flight});
  });
}

void ShardImpl::upload(core::UploadStep step) {
  fleet_->environment.readers.submit([this, step = std::move(step)]() mutable { perform_upload(std::move(step)); });
}

// On a thread of the pool.
void ShardImpl::perform_upload(core::UploadStep step) {
  using Step = core::UploadStep;
  auto& store = fleet_->environment.snapshots;
  core::UploadAnswer answer{step.session.id, step.document, step.number, {}, {}};
  if (const auto* begin = std::get_if<Step::Begin>(&step.what)) {
    auto begun = store.begin(*step.path, begin->epoch);
    if (begun)
      answer.upload = *begun;
    else
      answer.result = begun.error();
  } else if (const auto* write = std::get_if<Step::Write>(&step.what)) {
    answer.upload = write->upload;
    answer.result = store.write(write->upload, write->bytes.view());
  } else if (auto* seal = std::get_if<Step::Seal>(&step.what)) {
    auto sealed = store.seal(seal->upload, std::move(seal->about));
    const auto owner = owner_of(step.path->space, fleet_->shards.size());
    fleet_->shards[owner]->post(
        core::HubInput(core::SnapshotUploaded{step.session, step.path, seal->epoch, std::move(sealed)}));
  } else {
    return store.abandon(std::get<Step::Abandon>(step.what).upload);
  }
  post(std::move(answer));
}

void ShardImpl::on(core::UploadAnswer answer) {
  if (const auto session = sessions_.find(answer.session); session != sessions_.end())
    return session->second->core().uploaded(std::move(answer));
  // Its session is gone, and nobody else will.
  if (answer.upload.value != 0)
    upload({{answer.session, index_}, answer.document, answer.number, {}, core::UploadStep::Abandon{answer.upload}});
}

void ShardImpl::on(core::SetStanding effect) {
  fleet_->environment.readers.submit([this, effect = std::move(effect)] {
    auto done = fleet_->environment.snapshots.set_standing(*effect.path, effect.snapshot, effect.standing, effect.since,
                                                           effect.by);
    post(core::HubInput(core::SnapshotChanged{effect.ticket, std::move(done)}));
  });
}

void ShardImpl::on(core::DropSnapshot effect) {
  fleet_->environment.readers.submit([this, effect = std::move(effect)] {
    auto done = fleet_->environment.snapshots.drop(*effect.path, effect.snapshot);
    post(core::HubInput(core::SnapshotChanged{effect.ticket, std::move(done)}));
  });
}

void ShardImpl::on(core::StandingFinished effect) {
  auto node = standings_.extract(effect.ticket);
  if (!node.empty()) node.mapped()(std::move(effect.result));
}

void ShardImpl::ask_hub(const SpaceName& space, std::function<core::HubInput(core::Ticket)> request,
                        std::function<void(Result<void>)> done) {
  ShardImpl& owner = *fleet_->shards[owner_of(space, fleet_->shards.size())];
  owner.post(Run([&owner, request = std::move(request), done = std::move(done)]() mutable {
    owner.standing_ = owner.standing_.next();
    owner.standings_[owner.standing_] = std::move(done);
    owner.local_.push_back(request(owner.standing_));
  }));
}

void ShardImpl::withdraw_snapshot(DocumentPath path, Offset offset, std::function<void(Result<void>)> done) {
  const SpaceName space = path.space;
  ask_hub(
      space,
      [path = std::move(path), offset](core::Ticket ticket) { return core::WithdrawRequest{ticket, path, offset}; },
      std::move(done));
}

void ShardImpl::release_snapshot(DocumentPath path, Offset offset, const Digest& hash,
                                 std::function<void(Result<void>)> done) {
  const SpaceName space = path.space;
  ask_hub(
      space,
      [path = std::move(path), offset, hash](core::Ticket ticket) {
        return core::ReleaseRequest{ticket, path, offset, hash};
      },
      std::move(done));
}

void ShardImpl::maintain(DocumentPath path) {
  ShardImpl& owner = *fleet_->shards[owner_of(path.space, fleet_->shards.size())];
  owner.post(core::HubInput(core::Maintain{std::move(path)}));
}

}  // namespace weir::shard
