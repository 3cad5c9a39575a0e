// What is stored: deltas, records, cursors, marks. Shared by the wire, the core and every log.
//
// Threads: plain values; payloads are shared, never copied.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "weir/vocabulary/bytes.hpp"
#include "weir/vocabulary/digest.hpp"
#include "weir/vocabulary/ids.hpp"

namespace weir {

/// One opaque payload that a client publishes.
struct Delta {
  Codec codec;
  SharedBytes payload;
  friend bool operator==(const Delta&, const Delta&) = default;
};

/// A delta as stored.
struct Record {
  Offset offset;
  ProducerId producer;
  Sequence sequence;
  Seconds time;
  Codec codec;
  SharedBytes payload;
  friend bool operator==(const Record&, const Record&) = default;
};

/// Where a reader stands in a document: it has everything up to `offset`, and `chain` names that history.
/// offset 0 is the start; there the chain is chain_start(path).
struct Cursor {
  Epoch epoch;
  Offset offset;
  Digest chain;
  friend bool operator==(const Cursor&, const Cursor&) = default;
};

/// The last stored sequence of a producer in one document and epoch, and the principal that owns the producer.
struct Mark {
  Sequence sequence;
  std::string principal;
  friend bool operator==(const Mark&, const Mark&) = default;
};

/// A small value kept beside a document, written in the same commit as records. At most 64 KiB.
struct Note {
  std::string key;
  SharedBytes value;
  friend bool operator==(const Note&, const Note&) = default;
};

}  // namespace weir
