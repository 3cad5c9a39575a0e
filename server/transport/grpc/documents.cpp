#include "weir/grpc/documents.hpp"

#include "weir/grpc/messages.hpp"
#include "weir/grpc/one_shot.hpp"
#include "weir/grpc/requests.hpp"
#include "weir/v1/relay.pb.h"

namespace weir::rpc {

namespace {

constexpr std::uint32_t page_size_max = 1000;
constexpr std::uint32_t page_size_default = 100;

::grpc::Status absent(const DocumentPath& path) {
  return to_status(fail(Code::not_found, "there is no document \"" + path.document.text() + "\" in the space \"" +
                                             path.space.text() + '"'),
                   {.reason = "NO_DOCUMENT"});
}

}  // namespace

void list_documents(Context& context, const ::grpc::CallbackServerContext& call,
                    const v1::ListDocumentsRequest& request, v1::ListDocumentsResponse& response, Finish finish) {
  auto space = space_of(context, call, request.space());
  if (!space) return finish(to_status(space.error()));
  if (request.page_size() > page_size_max) {
    return finish(to_status(wrong("page_size", "at most " + std::to_string(page_size_max) + " documents at a time")));
  }
  const std::size_t count = request.page_size() == 0 ? page_size_default : request.page_size();
  context.parts.readers.submit([&log = context.parts.log, &response, space = std::move(*space), after = request.after(),
                                count, finish = std::move(finish)] {
    const auto found = log.documents(space, after, count);
    if (!found) return finish(to_status(found.error()));
    for (const storage::DocumentSummary& summary : *found) fill(summary, *response.add_documents());
    if (found->size() == count) response.set_next_after(found->back().name.text());
    finish(::grpc::Status::OK);
  });
}

void delete_document(Context& context, const ::grpc::CallbackServerContext& call,
                     const v1::DeleteDocumentRequest& request, v1::DeleteDocumentResponse& response, Finish finish) {
  auto path = document_of(context, call, request.space(), request.document(), Access::write);
  if (!path) return finish(to_status(path.error()));
  context.next_shard().delete_document(std::move(*path),
                                       [&response, finish = std::move(finish)](const Result<Offset>& offset) {
                                         if (!offset) return finish(to_status(offset.error()));
                                         response.set_offset(offset->value);
                                         finish(::grpc::Status::OK);
                                       });
}

void recreate_document(Context& context, const ::grpc::CallbackServerContext& call,
                       const v1::RecreateDocumentRequest& request, v1::RecreateDocumentResponse& response,
                       Finish finish) {
  auto path = document_of(context, call, request.space(), request.document(), Access::write);
  if (!path) return finish(to_status(path.error()));
  OneShot::Task task;
  task.token = bearer_token(call);
  task.path = std::move(*path);
  task.recreate = true;
  // A document that never was is no subject for this: subscribing to it would seem to succeed.
  context.parts.readers.submit([&context, &response, task = std::move(task), finish = std::move(finish)]() mutable {
    const auto state = context.parts.log.document(task.path);
    if (!state) return finish(to_status(state.error()));
    if (state->life == DocumentLife::absent) return finish(absent(task.path));
    OneShot::run(context.next_shard(), std::move(task),
                 [&response, finish = std::move(finish)](const OneShot::Outcome& outcome) {
                   if (const auto* error = std::get_if<frames::ErrorEvent>(&outcome)) return finish(to_status(*error));
                   response.set_epoch(std::get<OneShot::Done>(outcome).subscribed.epoch.value);
                   finish(::grpc::Status::OK);
                 });
  });
}

}  // namespace weir::rpc
