#include "weir/client/client.hpp"

#include "weir/client/client_loop.hpp"
#include "weir/client/grpc_transport.hpp"
#include "weir/vocabulary/assert.hpp"

namespace weir::client {

Client::Client(ClientOptions options, std::unique_ptr<Transport> transport) {
  if (!transport)
    transport = make_grpc_transport(
        {.address = options.address, .tls = options.tls, .root_certificates = options.root_certificates});
  loop_ = std::make_shared<ClientLoop>(std::move(options), std::move(transport));
  loop_->start();
}

Client::~Client() {
  const bool in_a_callback = is_this_thread();
  WEIR_ASSERT(!in_a_callback);  // its thread would wait for itself: close() here, destroy it elsewhere
  close();
}

Result<Document> Client::subscribe(DocumentAddress address, Handlers handlers, SubscribeOptions options) {
  const Result<SpaceName> space = SpaceName::parse(address.space);
  if (!space) return space.error();
  const Result<DocumentName> document = DocumentName::parse(address.document);
  if (!document) return document.error();
  const bool encrypted = options.encryption.has_value();
  const Result<DocumentId> id = loop_->subscribe({*space, *document}, std::move(handlers), std::move(options));
  if (!id) return id.error();
  return Document(loop_, *id, encrypted);
}

void Client::connect() {
  loop_->inbox().connect([](Session& session, Time at) { session.connect(at); });
}

void Client::disconnect() {
  loop_->inbox().disconnect([](Session& session, Time at) { session.disconnect(at); });
}

void Client::close() { loop_->stop(); }

bool Client::is_this_thread() const { return loop_->is_this_thread(); }

Result<void> Document::publish(Delta delta, WhenSettled when_stored) {
  const std::size_t bytes = delta.payload.size();
  return loop_->inbox().call([loop = loop_.get(), id = id_, delta = std::move(delta), then = std::move(when_stored)](
                                 Session& session, Time at) { session.publish(id, delta, loop->await(then), at); },
                             bytes);
}

Result<void> Document::when_stored(WhenSettled then) {
  return loop_->inbox().call([loop = loop_.get(), id = id_, then = std::move(then)](Session&, Time) {
    loop->await(&Session::when_stored, id, then);
  });
}

Result<void> Document::when_caught_up(WhenSettled then) {
  return loop_->inbox().call([loop = loop_.get(), id = id_, then = std::move(then)](Session&, Time) {
    loop->await(&Session::when_caught_up, id, then);
  });
}

void Document::set_presence(std::string_view data) {
  loop_->inbox().set_presence(id_, [id = id_, data = SharedBytes::copy(data)](Session& session, Time at) {
    session.set_presence(id, data, at);
  });
}

Result<void> Document::when_kept(WhenSettled then) {
  return loop_->inbox().call([loop = loop_.get(), id = id_, then = std::move(then)](Session&, Time) {
    loop->await(&Session::when_kept, id, then);
  });
}

Result<void> Document::set_key(const DocumentKey& key) {
  if (!encrypted_) return takes_no_key();
  return loop_->inbox().call([id = id_, key](Session& session, Time at) { (void)session.set_key(id, key, at); });
}

void Document::close() {
  if (loop_->is_this_thread()) loop_->forget(id_);  // what was read already is not told either
  loop_->inbox().close(id_, [loop = loop_.get(), id = id_](Session& session, Time at) {
    session.unsubscribe(id, at);
    loop->forget(id);
  });
}

}  // namespace weir::client
