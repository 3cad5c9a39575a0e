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

CallResult<std::size_t> page_size(std::uint32_t asked) {
  if (asked > page_size_max) {
    return wrong("page_size", "at most " + std::to_string(page_size_max) + " entries at a time");
  }
  return std::size_t{asked == 0 ? page_size_default : asked};
}

/// The spaces that `who` may read, of a page of all: a page may be short, or empty, and not be the last.
::grpc::Status fill_spaces(const Context& context, const std::string& who, const std::string& after, std::size_t count,
                           v1::ListSpacesResponse& response) {
  const storage::DeltaLog& log = context.parts.log;
  const auto names = log.spaces(after, count);
  if (!names) return to_status(names.error());
  for (const SpaceName& name : *names) {
    if (!context.parts.authorizer.may_read(who, {name, {}})) continue;
    const auto state = log.space(name);
    if (!state) return to_status(state.error());
    v1::SpaceInfo& space = *response.add_spaces();
    space.set_space(name.text());
    space.set_head(state->head.value);
    space.set_documents(state->documents);
  }
  if (names->size() == count) response.set_next_after(names->back().text());
  const StoreIncarnation store = log.incarnation();
  response.set_store(store.bytes.data(), store.bytes.size());
  return ::grpc::Status::OK;
}

}  // namespace

void list_spaces(Context& context, const ::grpc::CallbackServerContext& call, const v1::ListSpacesRequest& request,
                 v1::ListSpacesResponse& response, Finish finish) {
  auto who = authenticate(context, call);
  if (!who) return finish(to_status(who.error()));
  const auto count = page_size(request.page_size());
  if (!count) return finish(to_status(count.error()));
  context.parts.readers.submit(
      [&context, &response, who = std::move(*who), after = request.after(), count = *count,
       finish = std::move(finish)] { finish(fill_spaces(context, who, after, count, response)); });
}

void list_documents(Context& context, const ::grpc::CallbackServerContext& call,
                    const v1::ListDocumentsRequest& request, v1::ListDocumentsResponse& response, Finish finish) {
  auto space = space_of(context, call, request.space());
  if (!space) return finish(to_status(space.error()));
  const auto count = page_size(request.page_size());
  if (!count) return finish(to_status(count.error()));
  context.parts.readers.submit([&log = context.parts.log, &response, space = std::move(*space), after = request.after(),
                                count = *count, finish = std::move(finish)] {
    const auto found = log.documents(space, after, count);
    if (!found) return finish(to_status(found.error()));
    for (const storage::DocumentSummary& summary : *found) fill(summary, *response.add_documents());
    if (found->size() == count) response.set_next_after(found->back().name.text());
    finish(::grpc::Status::OK);
  });
}

void get_document(Context& context, const ::grpc::CallbackServerContext& call, const v1::GetDocumentRequest& request,
                  v1::GetDocumentResponse& response, Finish finish) {
  auto path = document_of(context, call, request.space(), request.document(), Access::read);
  if (!path) return finish(to_status(path.error()));
  context.parts.readers.submit(
      [&log = context.parts.log, &response, path = std::move(*path), finish = std::move(finish)] {
        const auto state = log.document(path);
        if (!state) return finish(to_status(state.error()));
        if (state->life == DocumentLife::absent) return finish(absent(path));
        fill({path.document, *state}, *response.mutable_document());
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
