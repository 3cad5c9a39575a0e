// What RocksLog::verify() is asked, and what it tells: everything of a store, or of a part of it, read and compared.
//
//   VerifyOptions options{.finding = [](const Finding& finding) { std::cout << finding.what << '\n'; }};
//   Result<VerifyCounts> counts = log->verify(options);           counts->findings == 0: the store is whole
//
// Threads: plain values; the functions are called by the thread that verifies.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "weir/vocabulary/ids.hpp"

namespace weir::storage {

/// One thing that is not as it must be.
struct Finding {
  std::string space{};     ///< empty: none, or not known
  std::string document{};  ///< likewise
  std::optional<Offset> offset{};
  std::string what{};  ///< for people
};

/// What was read.
struct VerifyCounts {
  std::uint64_t spaces = 0;
  std::uint64_t documents = 0;  ///< deleted ones included
  std::uint64_t deleted = 0;
  std::uint64_t cut = 0;  ///< of which the beginning is no longer kept
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  std::uint64_t runs = 0;
  std::uint64_t packs = 0;
  std::uint64_t order_entries = 0;
  std::uint64_t marks = 0;
  std::uint64_t notes = 0;
  std::uint64_t chain_values = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t snapshot_bytes = 0;  ///< as their readers get them
  std::uint64_t findings = 0;
};

struct VerifyOptions {
  /// Only this space, and in it only this document; what belongs to none is looked for only when all is verified.
  std::optional<SpaceName> space{};
  std::optional<DocumentName> document{};
  /// Told of each, as it is found; may be empty.
  std::function<void(const Finding&)> finding{};
  /// Told now and then; may be empty.
  std::function<void(std::uint64_t records_done)> progress{};
};

}  // namespace weir::storage
