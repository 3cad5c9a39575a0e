#include "weir/frames/decode_snapshots.hpp"

#include "weir/frames/wire_reader.hpp"

namespace weir::frames {
namespace {

// Codecs are uint32 on the wire.
Codec codec_of(std::uint64_t value) { return {value & 0xFFFF'FFFF}; }

bool take(std::string_view bytes, Digest& digest) {
  const auto parsed = Digest::parse(bytes);
  if (parsed) digest = *parsed;
  return parsed.has_value();
}

}  // namespace

Fidelity fidelity_of(std::uint64_t value) {
  return value <= static_cast<std::uint64_t>(Fidelity::lossy) ? static_cast<Fidelity>(value) : Fidelity::unknown;
}

bool read(std::string_view bytes, RawSnapshotOffer& offer) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.key()) {
      case varint_key(1): offer.document = in.value(); break;
      case fixed64_key(2): offer.epoch = in.value(); break;
      case varint_key(3): offer.offset = in.value(); break;
      case bytes_key(4): offer.chain = in.bytes(); break;
      case bytes_key(5): offer.hash = in.bytes(); break;
      case varint_key(6): offer.size = in.value(); break;
      case varint_key(7): offer.codec = codec_of(in.value()).value; break;
      case varint_key(8): offer.fidelity = in.value(); break;
      default: break;
    }
  }
  return in.ok();
}

bool read(std::string_view bytes, RawSnapshotChunk& chunk) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.key()) {
      case varint_key(1): chunk.document = in.value(); break;
      case varint_key(2): chunk.position = in.value(); break;
      case bytes_key(3): chunk.data = in.bytes(); break;
      case varint_key(4): chunk.last = in.value() != 0; break;
      case varint_key(5): chunk.unpacked_size = in.value(); break;
      case varint_key(6): chunk.request = in.value(); break;
      default: break;
    }
  }
  return in.ok();
}

bool read(std::string_view bytes, RawAttest& attest) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.key()) {
      case varint_key(1): attest.document = in.value(); break;
      case varint_key(2): attest.offset = in.value(); break;
      case bytes_key(3): attest.hash = in.bytes(); break;
      case varint_key(4): attest.valid = in.value() != 0; break;
      default: break;
    }
  }
  return in.ok();
}

bool read(std::string_view bytes, RawReadHistory& history) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.key()) {
      case varint_key(1): history.request = in.value(); break;
      case bytes_key(2): history.space = in.bytes(); break;
      case bytes_key(3): history.document = in.bytes(); break;
      case varint_key(4): history.after = in.value(); break;
      case varint_key(5): history.as_of_offset = in.value(); break;
      case varint_key(6): history.as_of_time = in.value(); break;
      case varint_key(7): history.snapshots = in.value() != 0; break;
      default: break;
    }
  }
  return in.ok();
}

bool read(std::string_view bytes, RawReadSnapshot& snapshot) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.key()) {
      case varint_key(1): snapshot.request = in.value(); break;
      case bytes_key(2): snapshot.space = in.bytes(); break;
      case bytes_key(3): snapshot.document = in.bytes(); break;
      case varint_key(4): snapshot.offset = in.value(); break;
      case bytes_key(5): snapshot.hash = in.bytes(); break;
      case varint_key(6): snapshot.position = in.value(); break;
      default: break;
    }
  }
  return in.ok();
}

bool read(std::string_view bytes, SnapshotHeader& snapshot) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.key()) {
      case varint_key(1): snapshot.document = {in.value()}; break;
      case varint_key(2): snapshot.offset = {in.value()}; break;
      case bytes_key(3):
        if (!take(in.bytes(), snapshot.hash)) return false;
        break;
      case varint_key(4): snapshot.size = in.value(); break;
      case varint_key(5): snapshot.codec = codec_of(in.value()); break;
      case bytes_key(6):
        if (!take(in.bytes(), snapshot.chain)) return false;
        break;
      case varint_key(7): snapshot.base = {in.value()}; break;
      case varint_key(8): snapshot.fidelity = fidelity_of(in.value()); break;
      case varint_key(9): snapshot.verified = in.value() != 0; break;
      case varint_key(10): snapshot.time = {in.value()}; break;
      default: break;
    }
  }
  return in.ok();
}

bool read(std::string_view bytes, SnapshotWanted& wanted) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.key()) {
      case varint_key(1): wanted.document = {in.value()}; break;
      case varint_key(2): wanted.lease_ms = in.value(); break;
      default: break;
    }
  }
  return in.ok();
}

bool read(std::string_view bytes, AttestationWanted& wanted) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.key()) {
      case varint_key(1): wanted.document = {in.value()}; break;
      case varint_key(2): wanted.offset = {in.value()}; break;
      case bytes_key(3):
        if (!take(in.bytes(), wanted.hash)) return false;
        break;
      case varint_key(4): wanted.size = in.value(); break;
      case varint_key(5): wanted.codec = codec_of(in.value()); break;
      case varint_key(6): wanted.lease_ms = in.value(); break;
      default: break;
    }
  }
  return in.ok();
}

bool read(std::string_view bytes, SnapshotStored& stored) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.key()) {
      case varint_key(1): stored.document = {in.value()}; break;
      case varint_key(2): stored.offset = {in.value()}; break;
      case bytes_key(3):
        if (!take(in.bytes(), stored.hash)) return false;
        break;
      default: break;
    }
  }
  return in.ok();
}

}  // namespace weir::frames
