// What the killed process writes, so that whoever looks afterwards knows what to expect.
#pragma once

#include <memory>
#include <string>

#include "weir/storage/delta_log.hpp"

namespace weir::storage::crash {

inline constexpr int documents = 3;

inline DocumentRef path_of(int document) {
  return std::make_shared<const DocumentPath>(DocumentPath{
      SpaceName::parse("crash").value(), DocumentName::parse("document-" + std::to_string(document)).value()});
}

inline ProducerId producer() {
  ProducerId id;
  id.bytes.fill(std::byte{1});
  return id;
}

/// Of every size from nothing to a few KiB.
inline std::string payload_of(int document, std::uint64_t sequence) {
  std::string payload = std::to_string(document) + "/" + std::to_string(sequence) + "/";
  return payload.append(sequence * 2654435761 % (sequence % 16 == 0 ? 8000 : 100),
                        static_cast<char>('a' + sequence % 26));
}

}  // namespace weir::storage::crash
