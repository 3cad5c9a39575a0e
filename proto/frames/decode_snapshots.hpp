// The fields of what concerns snapshots and history, for both decoders: gathered as protobuf would, not yet checked.
//
//   RawSnapshotOffer raw;
//   if (!read(in.bytes(), raw)) ...                 // not a message
//
// Internal to frames. Threads: pure functions; views point into the message.
#pragma once

#include <cstdint>
#include <string_view>

#include "weir/frames/frames.hpp"

namespace weir::frames {

struct RawSnapshotOffer {
  std::uint64_t document = 0;
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;
  std::string_view chain;
  std::string_view hash;
  std::uint64_t size = 0;
  std::uint64_t codec = 0;
  std::uint64_t fidelity = 0;
};

struct RawSnapshotChunk {
  std::uint64_t document = 0;
  std::uint64_t position = 0;
  std::string_view data;
  bool last = false;
  std::uint64_t unpacked_size = 0;
  std::uint64_t request = 0;
};

struct RawAttest {
  std::uint64_t document = 0;
  std::uint64_t offset = 0;
  std::string_view hash;
  bool valid = false;
};

struct RawReadHistory {
  std::uint64_t request = 0;
  std::string_view space;
  std::string_view document;
  std::uint64_t after = 0;
  std::uint64_t as_of_offset = 0;
  std::uint64_t as_of_time = 0;
  bool snapshots = false;
};

struct RawReadSnapshot {
  std::uint64_t request = 0;
  std::string_view space;
  std::string_view document;
  std::uint64_t offset = 0;
  std::string_view hash;
  std::uint64_t position = 0;
};

[[nodiscard]] bool read(std::string_view bytes, RawSnapshotOffer& offer);
[[nodiscard]] bool read(std::string_view bytes, RawSnapshotChunk& chunk);
[[nodiscard]] bool read(std::string_view bytes, RawAttest& attest);
[[nodiscard]] bool read(std::string_view bytes, RawReadHistory& history);
[[nodiscard]] bool read(std::string_view bytes, RawReadSnapshot& snapshot);

// From the relay, which a client may believe as far as that digests are digests.
[[nodiscard]] bool read(std::string_view bytes, SnapshotHeader& snapshot);
[[nodiscard]] bool read(std::string_view bytes, SnapshotWanted& wanted);
[[nodiscard]] bool read(std::string_view bytes, AttestationWanted& wanted);
[[nodiscard]] bool read(std::string_view bytes, SnapshotStored& stored);

/// A number that this version does not know counts as unknown.
[[nodiscard]] Fidelity fidelity_of(std::uint64_t value);

}  // namespace weir::frames
