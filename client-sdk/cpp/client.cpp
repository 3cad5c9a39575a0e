#include "weir/client/client.hpp"

#include "weir/client/client_loop.hpp"

namespace weir::client {
namespace {

void tell_closed(const WhenSettled& then, DocumentId document) {
  if (then)
    then(Settled{.document = document,
                 .ticket = 0,
                 .error = make_error(ErrorKind::closed, Code::cancelled, "this client was closed; make a new one")});
}

}  // namespace

Client::Client(ClientOptions options, std::unique_ptr<Transport> transport) {
  if (!transport)
    transport = make_grpc_transport(
        {.address = options.address, .tls = options.tls, .root_certificates = options.root_certificates});
  loop_ = std::make_shared<ClientLoop>(std::move(options), std::move(transport));
  loop_->start();
}

Result<Document> Client::subscribe(DocumentAddress address, Handlers handlers, SubscribeOptions options) {
  const Result<SpaceName> space = SpaceName::parse(address.space);
  if (!space) return space.error();
  const Result<DocumentName> document = DocumentName::parse(address.document);
  if (!document) return document.error();
  const Result<DocumentId> id = loop_->subscribe({*space, *document}, std::move(handlers), std::move(options));
  if (!id) return id.error();
  return Document(loop_, *id);
}

void Client::connect() {
  loop_->post([](Session& session, Time at) { session.connect(at); });
}

void Client::disconnect() {
  loop_->post([](Session& session, Time at) { session.disconnect(at); });
}

void Client::close() { loop_->stop(); }

void Document::publish(Delta delta, WhenSettled when_stored) {
  const bool posted = loop_->post([loop = loop_.get(), id = id_, delta, when_stored](Session& session, Time at) {
    session.publish(id, delta, loop->await(when_stored), at);
  });
  if (!posted) tell_closed(when_stored, id_);
}

void Document::when_stored(WhenSettled then) {
  const bool posted = loop_->post([loop = loop_.get(), id = id_, then](Session& session, Time at) {
    session.when_stored(id, loop->await(then), at);
  });
  if (!posted) tell_closed(then, id_);
}

void Document::when_caught_up(WhenSettled then) {
  const bool posted = loop_->post([loop = loop_.get(), id = id_, then](Session& session, Time at) {
    session.when_caught_up(id, loop->await(then), at);
  });
  if (!posted) tell_closed(then, id_);
}

void Document::set_presence(std::string_view data) {
  loop_->post(
      [id = id_, data = SharedBytes::copy(data)](Session& session, Time at) { session.set_presence(id, data, at); });
}

void Document::close() {
  loop_->post([loop = loop_.get(), id = id_](Session& session, Time at) {
    loop->forget(id);
    session.unsubscribe(id, at);
  });
}

}  // namespace weir::client
