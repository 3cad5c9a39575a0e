#include "weir/grpc/page_stream.hpp"

#include <utility>

#include "weir/grpc/byte_buffer.hpp"

namespace weir::rpc {

PageStream::PageStream(Context& context, ::grpc::CallbackServerContext&)
    : context_(context), shard_(context.next_shard()), slot_(context.calls.take()) {}

PageReactor* PageStream::start(Context& context, ::grpc::CallbackServerContext& call, const MakeSource& make) {
  auto stream = std::make_shared<PageStream>(context, call);
  stream->self_ = stream;
  auto source = make(stream->shard_);
  ::grpc::Status refused;
  if (!stream->slot_) refused = to_status(context.too_many(), {.retry_after = context.options.reconnect_after});
  if (!source) refused = to_status(source.error().error, source.error().details);
  if (source) stream->source_ = std::move(*source);
  stream->post([refused](PageStream& self) {
    if (!refused.ok()) return self.finish(refused);
    self.StartSendInitialMetadata();
    if (self.source_->endless()) {
      self.draining_ = self.context_.calls.when_draining([weak = self.weak_from_this()] {
        const auto locked = weak.lock();
        if (!locked) return;
        locked->post([](PageStream& told) { told.finish(going_away(told.context_.options.reconnect_after)); });
      });
    }
    self.next();
  });
  return stream.get();
}

void PageStream::post(std::function<void(PageStream&)> what) {
  shard_.executor().post([self = shared_from_this(), what = std::move(what)] { what(*self); });
}

void PageStream::OnWriteDone(bool ok) {
  post([ok](PageStream& self) {
    self.outgoing_.Clear();
    if (!ok) return self.finish(::grpc::Status::CANCELLED);
    if (self.last_) return self.finish(::grpc::Status::OK);
    self.next();
  });
}
void PageStream::OnCancel() {
  post([](PageStream& self) { self.finish(::grpc::Status::CANCELLED); });
}
void PageStream::OnDone() {
  slot_.reset();  // only now: until then the status may be on its way
  self_.reset();
}

void PageStream::next() {
  if (finished_) return;
  source_->next([self = shared_from_this()](PageResult page) { self->have(std::move(page)); });
}

void PageStream::have(PageResult page) {
  if (finished_) return;
  if (!page) return finish(to_status(page.error().error, page.error().details));
  last_ = page->last;
  outgoing_ = to_byte_buffer(std::move(page->message));
  StartWrite(&outgoing_);
}

void PageStream::finish(const ::grpc::Status& status) {
  if (std::exchange(finished_, true)) return;
  source_.reset();
  draining_.reset();
  Finish(status);
}

}  // namespace weir::rpc
