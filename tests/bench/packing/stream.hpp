// A stream of deltas as streams.mjs writes it: for each delta 32 bits, little-endian, of payload size, of author and of
// Unix time, then the payload.
#pragma once

#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "weir/vocabulary/record.hpp"

namespace weir::bench {

/// As records with offsets from 1 on, and each author's sequences.
inline std::vector<Record> read_stream(const char* path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  const SharedBytes bytes = SharedBytes::take(text.str());
  std::vector<Record> records;
  std::vector<std::uint64_t> sequences;
  for (std::size_t at = 0; at + 12 <= bytes.size();) {
    std::uint32_t head[3];
    std::memcpy(head, bytes.view().data() + at, sizeof head);
    Record record;
    record.offset = {records.size() + 1};
    if (sequences.size() <= head[1]) sequences.resize(head[1] + 1);
    record.producer.bytes.fill(static_cast<std::byte>(head[1] + 1));
    record.sequence = {++sequences[head[1]]};
    record.time = {head[2]};
    record.payload = bytes.slice(at + 12, head[0]);
    records.push_back(record);
    at += 12 + head[0];
  }
  return records;
}

}  // namespace weir::bench
