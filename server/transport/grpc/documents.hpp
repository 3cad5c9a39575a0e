// The calls that answer once: append, and what there is to list, delete and make anew. Private to this module's
// sources: it names generated code.
//
// Threads: called on gRPC's; `finish` runs once, on whichever thread has the answer. Request and response live until
// then.
#pragma once

#include <grpcpp/server_context.h>

#include <functional>

#include "weir/grpc/context.hpp"
#include "weir/grpc/status.hpp"

namespace weir::v1 {
class AppendRequest;
class AppendResponse;
class ListSpacesRequest;
class ListSpacesResponse;
class ListDocumentsRequest;
class ListDocumentsResponse;
class GetDocumentRequest;
class GetDocumentResponse;
class DeleteDocumentRequest;
class DeleteDocumentResponse;
class RecreateDocumentRequest;
class RecreateDocumentResponse;
}  // namespace weir::v1

namespace weir::rpc {

using Finish = std::function<void(const ::grpc::Status&)>;

void append(Context& context, const ::grpc::CallbackServerContext& call, const v1::AppendRequest& request,
            v1::AppendResponse& response, Finish finish);
void list_spaces(Context& context, const ::grpc::CallbackServerContext& call, const v1::ListSpacesRequest& request,
                 v1::ListSpacesResponse& response, Finish finish);
void list_documents(Context& context, const ::grpc::CallbackServerContext& call,
                    const v1::ListDocumentsRequest& request, v1::ListDocumentsResponse& response, Finish finish);
void get_document(Context& context, const ::grpc::CallbackServerContext& call, const v1::GetDocumentRequest& request,
                  v1::GetDocumentResponse& response, Finish finish);
void delete_document(Context& context, const ::grpc::CallbackServerContext& call,
                     const v1::DeleteDocumentRequest& request, v1::DeleteDocumentResponse& response, Finish finish);
void recreate_document(Context& context, const ::grpc::CallbackServerContext& call,
                       const v1::RecreateDocumentRequest& request, v1::RecreateDocumentResponse& response,
                       Finish finish);

}  // namespace weir::rpc
