// Packs that were unpacked a moment ago. A page of a document is a small part of a pack, and whoever reads one page
// asks for the next: without this each page would unpack all that comes before it.
//
//   Result<Unpacked> records = cache.unpack(document, life, first, value);
//
// Threads: all calls from any thread; what it gave out never changes.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "weir/rocksdb/pack_row.hpp"
#include "weir/vocabulary/record.hpp"

namespace weir::storage::rocks {

/// All records of one pack.
using Unpacked = std::shared_ptr<const std::vector<Record>>;

class PackCache {
 public:
  explicit PackCache(std::size_t bytes_max = std::size_t{8} << 20) : bytes_max_(bytes_max) {}

  /// DATA_LOSS when the value is not the pack that was written under this key.
  [[nodiscard]] Result<Unpacked> unpack(DocumentId document, Life life, Offset first, std::string_view value);

 private:
  /// What stands under a key may be replaced by a longer pack: the end is part of the name.
  struct Name {
    DocumentId document;
    Life life;
    Offset first;
    Offset last;
    friend bool operator==(const Name&, const Name&) = default;
  };
  struct Entry {
    Name name;
    Unpacked records;
    std::size_t bytes;
  };

  [[nodiscard]] Unpacked find(const Name& name);
  void remember(Entry entry);

  const std::size_t bytes_max_;
  std::mutex mutex_;
  // Guarded by mutex_. The one used last is in front; there are a dozen or two.
  std::list<Entry> entries_;
  std::size_t bytes_ = 0;
};

}  // namespace weir::storage::rocks
