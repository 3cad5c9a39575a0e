#include "client.hpp"

namespace weir::bench {

void Client::publish(std::size_t count, std::uint64_t stamp) {
  const std::uint64_t first = document_.next();
  document_.sent(count, stamp);
  send_updates(first, count);
  socket_->flush();
}

std::unique_ptr<Client> make_client(Protocol protocol, const Place& place, Document& document, std::size_t subscriber) {
  return protocol == Protocol::native ? make_native_client(place, document, subscriber)
                                      : make_yjs_client(place, document, subscriber);
}

}  // namespace weir::bench
