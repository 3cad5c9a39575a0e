// Documents whose numbers the relay cannot read, for those who judge what it has.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "../client.hpp"
#include "weir/client/sealed_contents.hpp"

namespace weir::simulation {

using PathSet = std::set<DocumentPath>;

inline client::DocumentKey simulated_key() { return *client::DocumentKey::parse(1, std::string(32, 'k')); }

/// What is in a record as it is stored, in the order of its deltas; nothing when it should be sealed and is not.
inline std::optional<std::vector<std::uint64_t>> numbers_of(const DocumentPath& path, const Record& record,
                                                            bool sealed) {
  std::vector<std::uint64_t> numbers;
  const auto add = [&](std::string_view payload) {
    const std::set<std::uint64_t> some = decode_numbers(payload);
    numbers.insert(numbers.end(), some.begin(), some.end());
  };
  if (!sealed) {
    add(record.payload.view());
    return numbers;
  }
  if (record.codec != client::sealed_codec) return std::nullopt;
  const auto place = client::SealedPlace::record(record.producer, record.sequence);
  const auto plain = client::Sealing(path).open(simulated_key(), place, record.payload.view());
  const auto contents = plain ? client::decode_record_contents(*plain) : Error{};
  if (!contents) return std::nullopt;
  for (const Delta& delta : contents->deltas) add(delta.payload.view());
  return numbers;
}

/// The same of a snapshot that lies on no other.
inline std::optional<std::set<std::uint64_t>> numbers_of(const DocumentPath& path, const Snapshot& about,
                                                         const std::string& bytes, bool sealed) {
  if (!sealed) return decode_numbers(bytes);
  if (about.codec != client::sealed_codec) return std::nullopt;
  const auto place = client::SealedPlace::snapshot(about.offset, about.chain, {});
  auto plain = client::Sealing(path).open(simulated_key(), place, bytes);
  const auto contents = plain ? client::decode_snapshot_contents(std::move(*plain)) : Error{};
  if (!contents) return std::nullopt;
  return decode_numbers(contents->bytes.view());
}

}  // namespace weir::simulation
