#include "weir/grpc/sync_stream.hpp"

#include <utility>

#include "weir/grpc/status.hpp"

namespace weir::rpc {

namespace {

// What a session closes its connection with (RFC 6455, 7.4.1).
constexpr std::uint16_t close_going_away = 1001;
constexpr std::uint16_t close_protocol_error = 1002;

}  // namespace

SyncStream::SyncStream(Context& context, ::grpc::CallbackServerContext& call)
    : context_(context), call_(call), shard_(context.next_shard()) {}

SyncReactor* SyncStream::start(Context& context, ::grpc::CallbackServerContext& call) {
  auto stream = std::make_shared<SyncStream>(context, call);
  stream->self_ = stream;
  stream->slot_ = context.calls.take();
  stream->post(&SyncStream::open);
  return stream.get();
}

void SyncStream::post(void (SyncStream::*what)()) {
  shard_.executor().post([self = shared_from_this(), what] { (self.get()->*what)(); });
}

void SyncStream::OnReadDone(bool ok) { post(ok ? &SyncStream::on_read : &SyncStream::on_read_end); }
void SyncStream::OnWriteDone(bool ok) { post(ok ? &SyncStream::on_written : &SyncStream::on_cancelled); }
void SyncStream::OnCancel() { post(&SyncStream::on_cancelled); }
void SyncStream::OnDone() {
  slot_.reset();  // only now: until then the status may be on its way
  self_.reset();
}

void SyncStream::open() {
  if (finished_) return;
  if (!slot_) return finish(to_status(context_.too_many(), {.retry_after = context_.options.reconnect_after}));
  // Before any write, so that the client knows that its call stands.
  StartSendInitialMetadata();
  in_session_ = true;  // what the session has to say waits until we know it
  session_ = &shard_.open(std::make_unique<SyncDialect>(context_.parts.limits, last_error_), *this);
  in_session_ = false;
  write_more();
  read_more();
}

// ---- reading ----

void SyncStream::read_more() {
  if (session_ == nullptr || close_asked_ || paused_ || read_outstanding_ || held_) return;
  read_outstanding_ = true;
  StartRead(&incoming_);
}

void SyncStream::on_read() {
  read_outstanding_ = false;
  if (finished_ || close_asked_) return incoming_.Clear();
  session_->heard();
  const std::size_t bytes = incoming_.Length();
  if (bytes > session_->message_bytes_max()) {
    incoming_.Clear();
    return ask_close(
        to_status(fail(Code::resource_exhausted, "a message of " + std::to_string(bytes) + " bytes; at most " +
                                                     std::to_string(session_->message_bytes_max()) + " are taken here"),
                  {.reason = "MESSAGE_TOO_LARGE",
                   .metadata = {{"message_bytes_max", std::to_string(session_->message_bytes_max())}}}));
  }
  auto message = take(incoming_);
  if (!message) return ask_close(to_status(message.error()));
  on_message(std::move(*message));
  read_more();
}

void SyncStream::on_message(SharedBytes message) {
  if (paused_) {
    held_ = std::move(message);
    return;
  }
  in_session_ = true;
  session_->receive(message);
  in_session_ = false;
  write_more();
}

void SyncStream::on_read_end() {
  read_outstanding_ = false;
  // The client has said its last word; it still gets what waits.
  if (!finished_) ask_close(::grpc::Status::OK);
}

void SyncStream::reading(bool wanted) {
  if (paused_ == !wanted) return;
  paused_ = !wanted;
  if (wanted) post(&SyncStream::resume);
}

void SyncStream::resume() {
  if (session_ == nullptr || close_asked_ || paused_) return;
  if (held_) on_message(*std::exchange(held_, std::nullopt));
  read_more();
}

// ---- writing ----

void SyncStream::output_ready() {
  output_came_ = in_session_;  // then the loop that takes goes on
  write_more();
}

void SyncStream::write_more() {
  if (session_ == nullptr || write_outstanding_ || in_session_) return;
  bool more = true;
  in_session_ = true;
  while (taken_.empty() && more) {
    const bool left = session_->take(context_.options.gathered_bytes_max, taken_);
    more = std::exchange(output_came_, false) || left;
  }
  in_session_ = false;
  if (!taken_.empty()) return write_taken();
  if (close_asked_) finish(*close_asked_);
}

void SyncStream::write_taken() {
  std::size_t end = taken_written_;
  std::size_t bytes = 0;
  while (end < taken_.size() && (bytes == 0 || bytes + taken_[end].size() <= context_.options.gathered_bytes_max)) {
    bytes += taken_[end++].size();
  }
  outgoing_ = gather(std::span(taken_).subspan(taken_written_, end - taken_written_));
  taken_written_ = end;
  write_outstanding_ = true;
  StartWrite(&outgoing_);
}

void SyncStream::on_written() {
  write_outstanding_ = false;
  outgoing_.Clear();
  ++writes_;
  if (finished_) return;
  if (taken_written_ < taken_.size()) return write_taken();
  taken_.clear();
  taken_written_ = 0;
  session_->flushed();
  write_more();
}

// ---- closing ----

void SyncStream::close(std::uint16_t code, std::string_view reason) { ask_close(status_of(code, reason)); }

::grpc::Status SyncStream::status_of(std::uint16_t close_code, std::string_view reason) const {
  if (close_code == close_going_away) return going_away(context_.options.reconnect_after);
  const std::optional<frames::ErrorEvent>& told = *last_error_;
  if (close_code == close_protocol_error) {
    if (told) return to_status(*told);
    return to_status(fail(Code::invalid_argument, std::string(reason)), {.reason = "PROTOCOL"});
  }
  if (told && told->error.message == reason) return to_status(*told);
  return to_status(fail(Code::unavailable, std::string(reason)), {.reason = "SILENT"});
}

void SyncStream::ask_close(::grpc::Status status) {
  if (close_asked_ || finished_) return;
  close_asked_ = std::move(status);
  held_.reset();
  arm_deadline();
  write_more();
}

void SyncStream::arm_deadline() {
  shard_.executor().call_after(context_.options.close_wait_max, [weak = weak_from_this(), writes = writes_] {
    const auto self = weak.lock();
    if (!self || self->finished_) return;
    if (self->writes_ != writes) return self->arm_deadline();
    self->call_.TryCancel();  // comes back as OnCancel
  });
}

void SyncStream::on_cancelled() { finish(::grpc::Status::CANCELLED); }

void SyncStream::finish(const ::grpc::Status& status) {
  if (std::exchange(finished_, true)) return;
  held_.reset();
  taken_.clear();
  if (session_ != nullptr) std::exchange(session_, nullptr)->closed();
  Finish(status);
}

}  // namespace weir::rpc
