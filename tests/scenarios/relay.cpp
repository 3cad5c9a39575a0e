#include "relay.hpp"

#include <algorithm>
#include <optional>

namespace weir::scenarios {

DocumentPath path(const std::string& document, const std::string& space) {
  return {*SpaceName::parse(space), *DocumentName::parse(document)};
}

ProducerId producer_named(const std::string& name) {
  ProducerId id;
  std::memcpy(id.bytes.data(), name.data(), std::min(name.size(), id.bytes.size()));
  return id;
}

StoreIncarnation incarnation(int number) {
  StoreIncarnation value;
  value.bytes[0] = static_cast<std::byte>(number);
  return value;
}

simulation::Server& Relay::server() {
  if (!server_) server_ = std::make_unique<simulation::Server>(world, disk, limits, shards, authorizer, retentions);
  return *server_;
}

void Relay::crash() {
  server_.reset();
  disk.log.crash();
}

void Relay::restore(const storage::MemoryState& backup) {
  server_.reset();
  disk.log.restore(backup);
}

void Relay::hold_disk() {
  settle();
  disk.held = true;
}

void Relay::release_disk() {
  disk.held = false;
  disk.look(server().life());
}

Result<Offset> Relay::delete_document(const DocumentPath& document) {
  std::optional<Result<Offset>> answer;
  server().shard(0).delete_document(document, [&](Result<Offset> result) { answer = std::move(result); });
  EXPECT_TRUE(until([&] { return answer.has_value(); }));
  return *answer;
}

void play(Scenario scenario) {
  constexpr std::uint64_t seeds = 8;
  for (std::uint64_t seed = 1; seed <= seeds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Relay relay(seed);
    scenario(relay);
  }
}

}  // namespace weir::scenarios
