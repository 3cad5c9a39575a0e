#include "weir/grpc/put_snapshot.hpp"

#include <utility>

#include "weir/grpc/messages.hpp"
#include "weir/v1/relay.pb.h"

namespace weir::rpc {

PutSnapshot::PutSnapshot(Context& context, ::grpc::CallbackServerContext& call, ::grpc::ByteBuffer& response)
    : context_(context), call_(call), response_(response), shard_(context.next_shard()), slot_(context.calls.take()) {}

PutReactor* PutSnapshot::start(Context& context, ::grpc::CallbackServerContext& call, ::grpc::ByteBuffer& response) {
  auto put = std::make_shared<PutSnapshot>(context, call, response);
  put->self_ = put;
  put->post(&PutSnapshot::open);
  return put.get();
}

void PutSnapshot::post(std::function<void(PutSnapshot&)> what) {
  shard_.executor().post([self = shared_from_this(), what = std::move(what)] { what(*self); });
}

void PutSnapshot::OnReadDone(bool ok) { post(ok ? &PutSnapshot::on_read : &PutSnapshot::on_read_end); }
void PutSnapshot::OnCancel() {
  post([](PutSnapshot& self) { self.finish(::grpc::Status::CANCELLED); });
}
void PutSnapshot::OnDone() {
  slot_.reset();  // only now: until then the status may be on its way
  self_.reset();
}

void PutSnapshot::open() {
  if (finished_) return;
  if (!slot_) return finish(to_status(context_.too_many(), {.retry_after = context_.options.reconnect_after}));
  draining_ = context_.calls.when_draining([weak = weak_from_this()] {
    const auto locked = weak.lock();
    if (!locked) return;
    locked->post([](PutSnapshot& told) { told.finish(going_away(told.context_.options.reconnect_after)); });
  });
  shard_.executor().call_after(context_.parts.limits.hello_wait_max, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->begun_) self->finish(CallError{fail(Code::failed_precondition, "no snapshot was named")});
  });
  wanted_ = true;
  read_more();
}

// ---- the client's messages ----

void PutSnapshot::read_more() {
  if (finished_ || !wanted_ || reading_ || (begun_ && received_ == size_)) return;
  reading_ = true;
  StartRead(&incoming_);
}

void PutSnapshot::on_read() {
  reading_ = false;
  if (finished_) return incoming_.Clear();
  const std::size_t bytes = incoming_.Length(), bytes_max = context_.parts.limits.frame_bytes_max;
  if (bytes > bytes_max) {
    incoming_.Clear();
    return finish(
        CallError{fail(Code::resource_exhausted, "a message of " + std::to_string(bytes) + " bytes; at most " +
                                                     std::to_string(bytes_max) + " are taken (limits.frame_bytes_max)"),
                  {.reason = "MESSAGE_TOO_LARGE", .metadata = {{"message_bytes_max", std::to_string(bytes_max)}}}});
  }
  v1::PutSnapshotRequest request;
  const bool is_request = parse(incoming_, request);
  incoming_.Clear();
  if (!is_request) return finish(CallError{fail(Code::invalid_argument, "not a weir.v1.PutSnapshotRequest")});
  if (!begun_) return begin(request);
  add(std::move(request));
}

void PutSnapshot::on_read_end() {
  reading_ = false;
  if (begun_ && received_ == size_) return;
  finish(wrong("data", begun_ ? "the call ended after " + std::to_string(received_) + " of the snapshot's " +
                                    std::to_string(size_) + " bytes"
                              : "the call ended before it said what snapshot this is"));
}

void PutSnapshot::begin(const v1::PutSnapshotRequest& request) {
  begun_ = true;
  wanted_ = false;
  if (!request.has_snapshot()) return finish(wrong("snapshot", "the first message says what snapshot this is"));
  auto task = task_of(request.snapshot());
  if (!task) return finish(task.error());
  offset_ = task->snapshot->offset;
  size_ = task->snapshot->size;
  if (request.snapshot().chain().empty()) return find_chain(std::move(*task));
  offer(std::move(*task));
}

CallResult<OneShot::Task> PutSnapshot::task_of(const v1::SnapshotToPut& about) {
  auto path = document_of(context_, call_, about.space(), about.document(), Access::write);
  if (!path) return path.error();
  const auto producer = ProducerId::parse(about.producer());
  if (!producer) return wrong("producer", producer.error().message);
  const auto hash = Digest::parse(about.hash());
  if (!hash) return wrong("hash", hash.error().message);
  if (const std::size_t bytes_max = context_.parts.limits.snapshots.bytes_max; about.size() > bytes_max)
    return wrong("size", "the snapshot has " + std::to_string(about.size()) + " bytes; at most " +
                             std::to_string(bytes_max) + " are taken (limits.snapshot_bytes_max)");
  frames::SnapshotOffer offer;
  offer.offset = {about.offset()};
  offer.hash = *hash;
  offer.size = about.size();
  offer.codec = {about.codec()};
  if (about.fidelity() == v1::FIDELITY_LOSSLESS) offer.fidelity = Fidelity::lossless;
  if (about.fidelity() == v1::FIDELITY_LOSSY) offer.fidelity = Fidelity::lossy;
  if (!about.chain().empty()) {
    const auto chain = Digest::parse(about.chain());
    if (!chain) return wrong("chain", chain.error().message);
    offer.chain = *chain;
  }
  OneShot::Task task;
  task.token = bearer_token(call_);
  task.producer = *producer;
  task.path = std::move(*path);
  if (about.epoch() != 0) task.epoch = Epoch{about.epoch()};
  task.snapshot = offer;
  return task;
}

/// The relay's own value at the offset: then the session's comparison says nothing, as the caller wants it.
void PutSnapshot::find_chain(OneShot::Task task) {
  context_.parts.readers.submit([self = shared_from_this(), task = std::move(task)]() mutable {
    auto chain = self->context_.parts.log.chain(task.path, task.snapshot->offset);
    self->post([task = std::move(task), chain = std::move(chain)](PutSnapshot& put) mutable {
      // Of a document that is not there, the session has more to say.
      if (!chain && chain.error().code != Code::not_found) return put.finish(CallError{chain.error()});
      if (chain) task.snapshot->chain = *chain;
      put.offer(std::move(task));
    });
  });
}

// ---- the session ----

void PutSnapshot::offer(OneShot::Task task) {
  if (finished_) return;
  task.wanted = [weak = weak_from_this()](bool wanted) {
    const auto self = weak.lock();
    if (!self) return;
    self->wanted_ = wanted;
    // Not from within the session's own call.
    if (wanted) self->post(self->size_ == 0 ? &PutSnapshot::add_nothing : &PutSnapshot::read_more);
  };
  session_ = OneShot::run(shard_, std::move(task),
                          [self = shared_from_this()](const OneShot::Outcome& outcome) { self->have(outcome); });
}

void PutSnapshot::add_nothing() {
  if (session_) session_->send({});
}

void PutSnapshot::add(v1::PutSnapshotRequest request) {
  if (request.has_snapshot()) return finish(wrong("snapshot", "only the first message says what snapshot this is"));
  const std::uint64_t size = request.data().size();
  if (size > size_ - received_)
    return finish(wrong("data", "there are more bytes than the " + std::to_string(size_) + " that were said to come"));
  received_ += size;
  if (size > 0) session_->send(SharedBytes::take(std::move(*request.mutable_data())));
  read_more();
}

void PutSnapshot::have(const OneShot::Outcome& outcome) {
  if (const auto* error = std::get_if<frames::ErrorEvent>(&outcome)) return finish(to_status(*error));
  v1::PutSnapshotResponse response;
  response.set_epoch(std::get<OneShot::Done>(outcome).subscribed.epoch.value);
  response.set_offset(offset_.value);
  response_ = to_byte_buffer(response.SerializeAsString());
  finish(::grpc::Status::OK);
}

void PutSnapshot::finish(const ::grpc::Status& status) {
  if (std::exchange(finished_, true)) return;
  if (session_) std::exchange(session_, nullptr)->abandon();
  draining_.reset();
  Finish(status);
}

}  // namespace weir::rpc
