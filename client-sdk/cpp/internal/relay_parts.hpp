// How a Relay calls: its connection, and what an answer becomes.
//
// Internal: it names generated code. Threads: as Relay.
#pragma once

#include <grpcpp/grpcpp.h>

#include "weir/client/relay.hpp"
#include "weir/v1/relay.grpc.pb.h"

namespace weir::client {

struct Relay::Parts {
  RelayOptions options;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::Relay::Stub> stub;

  /// gRPC's own words mean nothing to who only wanted to read a document; the relay's do.
  [[nodiscard]] Error error(const grpc::Status& status) const {
    const std::string& address = options.grpc.address;
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      return fail(Code::unavailable, "the relay at " + address + " did not answer within " +
                                         std::to_string(options.deadline.count()) + " ms; is it overloaded?");
    }
    const bool from_relay = !status.error_details().empty();
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE && !from_relay) {
      return fail(Code::unavailable, "cannot reach a relay at " + address + " (" + status.error_message() +
                                         "); is it running, and is this its gRPC address (the setting `grpc`)?");
    }
    if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED && !from_relay) {
      return fail(Code::unimplemented,
                  "what answers at " + address + " does not know this call: it is no relay, or an older one");
    }
    return fail(static_cast<Code>(status.error_code()), status.error_message());
  }

  void prepare(grpc::ClientContext& context) const {
    if (!options.token.empty()) context.AddMetadata("authorization", "Bearer " + options.token);
  }

  /// A call that answers once.
  template <class Request, class Response>
  [[nodiscard]] Result<Response> ask(grpc::Status (v1::Relay::Stub::*call)(grpc::ClientContext*, const Request&,
                                                                           Response*),
                                     const Request& request) const {
    grpc::ClientContext context;
    prepare(context);
    context.set_deadline(std::chrono::system_clock::now() + options.deadline);
    Response response;
    const grpc::Status status = ((*stub).*call)(&context, request, &response);
    if (!status.ok()) return error(status);
    return response;
  }

  /// A call that answers with a stream; `take` says for each message whether to go on.
  template <class Request, class Response, class Take>
  [[nodiscard]] Result<void> stream(
      std::unique_ptr<grpc::ClientReader<Response>> (v1::Relay::Stub::*call)(grpc::ClientContext*, const Request&),
      const Request& request, const Take& take, const std::stop_token& stop) const {
    grpc::ClientContext context;
    prepare(context);
    const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
    const auto reader = ((*stub).*call)(&context, request);
    Response response;
    std::optional<Result<void>> ended;
    while (!ended && reader->Read(&response)) {
      const Result<bool> more = take(response);
      if (!more) ended = more.error();
      if (more && !*more) ended = Result<void>();
    }
    if (ended) context.TryCancel();
    const grpc::Status status = reader->Finish();
    if (ended) return *ended;
    if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
    return status.ok() ? Result<void>() : error(status);
  }
};

template <class Request>
Request about(const DocumentPath& path) {
  Request request;
  request.set_space(path.space.text());
  request.set_document(path.document.text());
  return request;
}

}  // namespace weir::client
