// What a payload says twice: checksums and hashes that some libraries put into their deltas are left out where they can
// be computed again. Each is computed and compared before it is dropped; anything else about a payload stays opaque.
//
//   Elider elider;    Elided small = elider.drop(payload, references);     // packing, in the order of records
//   Restorer again;   again.restore(small.form, small.bytes, reader, out); // unpacking, in the same order
//
// Threads: an object belongs to one thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "weir/packing/numbers.hpp"
#include "weir/vocabulary/digest.hpp"

namespace weir::packing {

enum class Form : std::uint8_t {
  plain = 0,
  loro = 1,       // without its first 20 bytes: "loro", 12 zeros, XXH32 of the rest with seed "LORO"
  automerge = 2,  // without its first 8 bytes: magic, 4 bytes of SHA-256 of the rest; dependencies may be references
};

/// The hashes of the last payloads of form automerge, which later ones name as their dependencies.
class RecentHashes {
 public:
  static constexpr std::size_t kept = 64;

  void add(const Digest& digest) { digests_[count_++ % kept] = digest; }
  /// How many payloads ago this was added, 1 for the last one; 0 when it is not among those kept.
  [[nodiscard]] std::size_t distance(std::string_view digest) const;
  /// Null when there is none.
  [[nodiscard]] const Digest* at(std::size_t distance) const;

 private:
  std::array<Digest, kept> digests_;
  std::size_t count_ = 0;
};

struct Elided {
  Form form = Form::plain;
  std::string_view bytes;  // of the payload, or of the elider's own; valid until its next call
};

class Elider {
 public:
  /// Appends a varint for each dependency of an automerge payload to `references`.
  [[nodiscard]] Elided drop(std::string_view payload, std::string& references);

 private:
  [[nodiscard]] bool drop_dependencies(std::string_view rest, std::string& references);

  RecentHashes recent_;
  std::string bytes_;
};

class Restorer {
 public:
  /// Appends the payload to `out`. False when the bytes are not what an elider leaves, or the payload would be larger
  /// than `bytes_max`.
  [[nodiscard]] bool restore(Form form, std::string_view bytes, ByteReader& references, std::size_t bytes_max,
                             std::string& out);

 private:
  [[nodiscard]] bool restore_automerge(std::string_view bytes, ByteReader& references, std::size_t bytes_max,
                                       std::string& out);

  RecentHashes recent_;
};

}  // namespace weir::packing
