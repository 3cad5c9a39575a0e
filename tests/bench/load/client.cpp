#include "client.hpp"

namespace weir::bench {

void Client::publish(std::size_t count, std::uint64_t stamp) {
  const std::uint64_t first = document_.next();
  document_.sent(count, stamp);
  send_updates(first, count);
  connection_->flush();
}

std::unique_ptr<Network> make_network(Protocol protocol) {
  return protocol == Protocol::grpc ? make_grpc_network() : make_socket_network();
}

std::unique_ptr<Client> make_client(Protocol protocol, Network& network, const Place& place, Document& document,
                                    std::size_t subscriber) {
  if (protocol == Protocol::yjs) return make_yjs_client(network, place, document, subscriber);
  const Target target = protocol == Protocol::grpc ? Target{place.port, "/weir.v1.Relay/Sync", ""}
                                                   : Target{place.port, "/v1/sync", "weir.v1"};
  return make_native_client(network, target, place, document, subscriber);
}

}  // namespace weir::bench
