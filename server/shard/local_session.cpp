#include "weir/shard/shard_impl.hpp"

namespace weir::shard {

LocalSession::LocalSession(ShardImpl& shard, core::SessionRef self, std::unique_ptr<core::Dialect> dialect,
                           Connection& connection)
    : shard_(shard),
      connection_(&connection),
      traffic_(shard.counting().traffic[static_cast<std::size_t>(connection.transport())]
                                       [static_cast<std::size_t>(dialect->kind())]),
      core_({self, shard.fleet().environment.server_version, shard.fleet().environment.durability},
            shard.fleet().environment.limits, shard.fleet().environment.authorizer, shard.fleet().environment.encoders,
            std::move(dialect), *this) {}

void LocalSession::opened() {
  ++traffic_.sessions_opened;
  core_.opened();
  shard_.settle();
}

void LocalSession::receive(const SharedBytes& message) {
  ++traffic_.messages_received;
  traffic_.bytes_received += message.size();
  core_.message(message);
  shard_.settle();
}

bool LocalSession::take(std::size_t bytes_max, std::vector<SharedBytes>& out) {
  const std::size_t before = out.size();
  const bool more = core_.take(bytes_max, out);
  for (std::size_t i = before; i < out.size(); ++i) traffic_.bytes_sent += out[i].size();
  shard_.settle();
  return more;
}

void LocalSession::flushed() {
  core_.flushed();
  shard_.delivered(core_.oldest_flushed());
}

void LocalSession::closed() {
  connection_ = nullptr;
  ++traffic_.sessions_closed;
  core_.closed();
  shard_.closed(*this);  // *this is freed at the end of the turn
}

void LocalSession::wake() {
  if (connection_ != nullptr) connection_->output_ready();
}

void LocalSession::reading(bool wanted) {
  if (connection_ != nullptr) connection_->reading(wanted);
}

void LocalSession::close(std::uint16_t code, const std::string& reason) {
  // Not from within the call that led here: the transport may answer by closed() at once.
  shard_.post(Run([&shard = shard_, id = core_.id(), code, reason] { shard.close_session(id, code, reason); }));
}

ProducerId LocalSession::random_producer() {
  ProducerId id;
  shard_.fleet().environment.random.fill(id.bytes.data(), id.bytes.size());
  return id;
}

}  // namespace weir::shard
