#include "weir/grpc/documents.hpp"
#include "weir/grpc/one_shot.hpp"
#include "weir/grpc/requests.hpp"
#include "weir/v1/relay.pb.h"

namespace weir::rpc {

namespace {

constexpr int deltas_max = 10'000;

CallResult<std::vector<Delta>> deltas_of(const v1::AppendRequest& request, std::size_t payload_bytes_max) {
  if (request.deltas().empty()) return wrong("deltas", "there is nothing to append: give at least one delta");
  if (request.deltas_size() > deltas_max) {
    return CallError{fail(Code::resource_exhausted, std::to_string(request.deltas_size()) + " deltas; at most " +
                                                        std::to_string(deltas_max) + " are taken in one call"),
                     {.field = "deltas"}};
  }
  std::vector<Delta> deltas;
  for (const v1::Delta& delta : request.deltas()) {
    if (delta.payload().size() > payload_bytes_max) {
      return CallError{fail(Code::resource_exhausted, "a payload of " + std::to_string(delta.payload().size()) +
                                                          " bytes; at most " + std::to_string(payload_bytes_max) +
                                                          " are taken (limits.payload_bytes_max)"),
                       {.field = "deltas"}};
    }
    deltas.push_back({{delta.codec()}, SharedBytes::copy(delta.payload())});
  }
  return deltas;
}

CallResult<OneShot::Task> task_of(Context& context, const ::grpc::CallbackServerContext& call,
                                  const v1::AppendRequest& request) {
  auto path = document_of(context, call, request.space(), request.document(), Access::write);
  if (!path) return path.error();
  const auto producer = ProducerId::parse(request.producer());
  if (!producer) return wrong("producer", producer.error().message);
  auto deltas = deltas_of(request, context.parts.limits.payload_bytes_max);
  if (!deltas) return deltas.error();
  OneShot::Task task;
  task.token = bearer_token(call);
  task.producer = *producer;
  task.path = std::move(*path);
  task.first_sequence = {request.first_sequence()};
  if (request.epoch() != 0) task.epoch = Epoch{request.epoch()};
  task.deltas = std::move(*deltas);
  return task;
}

}  // namespace

void append(Context& context, const ::grpc::CallbackServerContext& call, const v1::AppendRequest& request,
            v1::AppendResponse& response, Finish finish) {
  auto task = task_of(context, call, request);
  if (!task) return finish(to_status(task.error()));
  OneShot::run(context.next_shard(), std::move(*task),
               [&response, finish = std::move(finish)](const OneShot::Outcome& outcome) {
                 if (const auto* error = std::get_if<frames::ErrorEvent>(&outcome)) return finish(to_status(*error));
                 const auto& done = std::get<OneShot::Done>(outcome);
                 response.set_epoch(done.subscribed.epoch.value);
                 response.set_offset(done.stored->offset.value);
                 response.set_through_sequence(done.stored->through_sequence.value);
                 finish(::grpc::Status::OK);
               });
}

}  // namespace weir::rpc
