// A disk in memory that loses what was not synced, and fails on command.
//
//   SimulatedDisk disk;
//   disk.crash_at(57, seed);               // the 57th operation is the last the disk saw
//   ... whoever writes goes on, to no avail: disk.crashed() ...
//   SimulatedDisk next(disk.survivors());  // power is back
//
// What was synced survives; of the rest a choice made by the seed: bytes of a file are lost, kept, or torn anywhere or
// at a sector; creations, renames and removals of a folder that was not synced are each lost or kept, in order or not.
// After the crash the disk goes on serving its writers as if nothing had happened: it is faster than to fail them, and
// whoever checks ignores what they hear from then on. Operations are counted from 1 in the order in which they come;
// asking for sizes, names and existence is free.
//
// Threads: all functions from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weir::storage::crash {

enum class Operation : std::uint8_t {
  create,
  open,
  read,
  append,
  sync,
  range_sync,
  truncate,
  rename,
  link,
  remove,
  make_directory,
  sync_directory,
};
[[nodiscard]] const char* name(Operation operation);

enum class Outcome : std::uint8_t { ok, not_found, io_error, no_space };

enum class Fault : std::uint8_t {
  io_error,
  no_space,
  short_write,  ///< half of the bytes are written, then an I/O error; elsewhere an I/O error
  flipped_bit,  ///< of what is read; nothing elsewhere
};

/// Which operations fail, and how.
struct FaultPlan {
  Fault fault = Fault::io_error;
  std::uint64_t from = 1;  ///< the first to fail, of those that match
  std::uint64_t count = 1;
  std::function<bool(Operation, const std::string& file)> matches{};  ///< empty: every one
};

/// What a disk holds when nothing is on its way to it.
struct Image {
  std::map<std::string, std::string> files;
  std::set<std::string> directories;
};

/// One file's bytes; names are kept apart, as a file may have none or several.
struct StoredFile {
  std::string name;  ///< the one it was created by, for people
  std::string bytes;
  std::size_t synced = 0;             ///< so many bytes from the start survive ...
  std::optional<std::string> before;  ///< ... unless this is here: what was synced before it was cut
};
using FileHandle = std::shared_ptr<StoredFile>;

class SimulatedDisk {
 public:
  /// How bytes that were not synced may look afterwards.
  enum class Tearing : std::uint8_t {
    at_the_end,    ///< a file is cut somewhere
    out_of_order,  ///< also: sectors in the middle did not arrive and read as zeros
  };

  explicit SimulatedDisk(Image image = {}, Tearing tearing = Tearing::at_the_end);
  SimulatedDisk(const SimulatedDisk&) = delete;
  SimulatedDisk& operator=(const SimulatedDisk&) = delete;

  // Faults.
  void crash_at(std::uint64_t operation, std::uint64_t seed);
  [[nodiscard]] bool crashed() const;
  /// What is left after the crash; without one, what would be left of one now.
  [[nodiscard]] Image survivors(std::uint64_t seed = 0) const;
  /// What it holds, synced or not.
  [[nodiscard]] Image contents() const;
  void inject(FaultPlan plan);
  void heal();
  /// How many operations the plan has made fail.
  [[nodiscard]] std::uint64_t injected() const;
  /// How many more bytes there is room for; files removed give none back.
  void set_room(std::uint64_t bytes);
  [[nodiscard]] std::uint64_t room() const;
  [[nodiscard]] std::uint64_t operations() const;
  /// What the operation with this number was, for a message.
  [[nodiscard]] std::string told(std::uint64_t operation) const;

  // Files.
  [[nodiscard]] Outcome create(const std::string& path, bool keep_bytes, FileHandle* file);
  [[nodiscard]] Outcome open(const std::string& path, FileHandle* file);
  [[nodiscard]] Outcome read(StoredFile& file, std::uint64_t offset, std::size_t size, char* into, std::size_t* got);
  [[nodiscard]] Outcome append(StoredFile& file, std::string_view bytes);
  [[nodiscard]] Outcome sync(StoredFile& file);
  [[nodiscard]] Outcome range_sync(StoredFile& file);
  [[nodiscard]] Outcome truncate(StoredFile& file, std::uint64_t size);
  [[nodiscard]] std::uint64_t size(const StoredFile& file) const;

  // Names.
  [[nodiscard]] Outcome rename(const std::string& from, const std::string& to);
  [[nodiscard]] Outcome link(const std::string& from, const std::string& to);
  [[nodiscard]] Outcome remove(const std::string& path);
  [[nodiscard]] Outcome make_directory(const std::string& path);
  [[nodiscard]] Outcome sync_directory(const std::string& path);
  [[nodiscard]] bool exists(const std::string& path) const;
  [[nodiscard]] bool is_directory(const std::string& path) const;
  [[nodiscard]] Outcome size_of(const std::string& path, std::uint64_t* size) const;
  [[nodiscard]] std::vector<std::string> list(const std::string& directory) const;

 private:
  using Entries = std::map<std::string, FileHandle>;
  using Random = std::mt19937_64;
  /// A change of names that its directory has not synced yet.
  struct NameChange {
    std::string directory;
    std::string added;    ///< empty: none
    std::string removed;  ///< empty: none
    FileHandle file;
  };
  struct Verdict {
    bool crash = false;
    std::optional<Fault> fault;
  };

  [[nodiscard]] Verdict begin(Operation operation, const std::string& file);
  [[nodiscard]] static Outcome outcome_of(Fault fault);
  /// The operation has had what effect it can have without a sync: if it was the last, this is what is left.
  void end(const Verdict& verdict);
  void change_names(std::string added, std::string removed, const FileHandle& file);
  static void apply(Entries& entries, const NameChange& change);
  [[nodiscard]] Image take_survivors(Random& random) const;
  [[nodiscard]] Entries surviving_entries(Random& random, bool nothing, bool everything) const;
  [[nodiscard]] std::string surviving_bytes(const StoredFile& file, Random& random) const;

  mutable std::mutex mutex_;  // guards everything below
  const Tearing tearing_;
  Entries entries_;
  Entries synced_entries_;
  std::vector<NameChange> changes_;
  std::set<std::string> directories_;
  std::vector<std::pair<Operation, std::string>> history_;
  std::uint64_t crash_at_ = 0;
  std::uint64_t crash_seed_ = 0;
  std::optional<Image> survivors_;
  std::optional<FaultPlan> plan_;
  std::uint64_t matched_ = 0;
  std::uint64_t injected_ = 0;
  std::uint64_t room_ = ~std::uint64_t{0};
};

}  // namespace weir::storage::crash
