// The file of a client's store: changes, one entry after the other, each fsynced before it counts.
//
//   file    = "weir client store 1\n" | 16 bytes seed | entries
//   entry   = u32 bytes | 4 bytes check(bytes) | 8 bytes check(payload) | payload
//   payload = changes (store_contents.hpp), all of which take effect or none        check: SHA-256 of seed and what it
//                                                                                   covers, cut; integers big-endian
// The seed is random, so that nobody can put into a payload what looks like an entry.
//
// The last entry may be torn by a crash in the middle of writing it: nobody was told that it is durable, and it is left
// out. Where an entry is bad and a good one stands behind it, the file was damaged, and is refused.
//
// When most of the file is history, and after an error, it is written anew: aside, fsynced, renamed into its place, the
// folder fsynced.
//
// Threads: one at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/client/store_contents.hpp"

namespace weir::client {

/// The folder of a store, as much of it as the journal needs: one file, of which there may be a new one aside.
class StoreFiles {
 public:
  virtual ~StoreFiles() = default;
  /// None: there is no file yet.
  [[nodiscard]] virtual Result<std::optional<std::string>> read() = 0;
  /// Behind what is there; durable when it returns.
  [[nodiscard]] virtual Result<void> append(std::string_view bytes) = 0;
  /// All of it becomes this, or stays as it was. Durable when it returns.
  [[nodiscard]] virtual Result<void> replace(std::string_view bytes) = 0;
};

/// A folder on disk, made if there is none. FAILED_PRECONDITION when another process has it: the lock is the kernel's,
/// and ends with its holder.
[[nodiscard]] Result<std::unique_ptr<StoreFiles>> open_store_files(const std::string& folder);

class StoreJournal {
 public:
  /// Any 64 random bits.
  using Random = std::function<std::uint64_t()>;
  /// DATA_LOSS when it is damaged, or not a store.
  [[nodiscard]] static Result<std::unique_ptr<StoreJournal>> open(std::unique_ptr<StoreFiles> files, Random random);

  /// With everything that was given to write(), durable or not.
  [[nodiscard]] const StoreContents& contents() const { return contents_; }
  /// Durable when it returns without an error. After one, everything is durable when a later call (of nothing, perhaps)
  /// returns without.
  [[nodiscard]] Result<void> write(const std::vector<StoreChange>& changes);

 private:
  StoreJournal(std::unique_ptr<StoreFiles> files, const Random& random);
  [[nodiscard]] Result<void> load(std::string bytes);
  [[nodiscard]] Result<void> rewrite();

  std::unique_ptr<StoreFiles> files_;
  std::string seed_;
  StoreContents contents_;
  bool broken_ = false;              ///< what is in the file is not known: it is to be written anew
  std::size_t bytes_ = 0;            ///< of the file
  std::size_t rewritten_bytes_ = 0;  ///< when it was last written anew
};

}  // namespace weir::client
