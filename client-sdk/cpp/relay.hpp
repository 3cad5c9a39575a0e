// The relay for tools and jobs: calls that wait for their answer, one after the other.
//
//   weir::client::Relay relay({.address = "127.0.0.1:8788"});
//   const auto end = relay.read({space, document}, {}, [](const Record& record) { return print(record); });
//   if (!end) std::cerr << end.error().message << '\n';
//
// An application that edits documents wants client.hpp instead, which connects again and sends again by itself; here an
// error is an error. Its words are the relay's own, or say what could not be reached and what to do about it.
//
// Threads: any, also at the same time. A stream hands over what comes on the thread that called, which the relay waits
// for; it ends early when the callback returns false, and with CANCELLED when its stop token is told so by anybody.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "weir/client/grpc_transport.hpp"
#include "weir/vocabulary/append.hpp"
#include "weir/vocabulary/snapshot.hpp"

namespace weir::client {

struct RelayOptions {
  GrpcOptions grpc{};
  std::string token{};                         ///< sent with each call; empty: none
  std::chrono::milliseconds deadline{30'000};  ///< of a call that answers once, and of a stream's connection
};

struct SpaceInfo {
  SpaceName name;
  Offset head;                  ///< the last offset given out
  std::uint64_t documents = 0;  ///< alive
};
struct DocumentInfo {
  DocumentName name;
  DocumentState state;
};

template <class Entry>
struct Listing {
  std::vector<Entry> entries;
  /// What to ask for next; none after the last page. A page may be empty and not be the last.
  std::optional<std::string> next_after;
};

/// A moment of a document's past; of both the earlier counts.
struct AsOf {
  Offset offset{};  ///< 0: the present
  Seconds time{};   ///< 0: the present
};

struct ReadFrom {
  Epoch epoch{};  ///< 0: from the start
  Offset offset{};
  AsOf as_of{};  ///< where it ends
};

/// A place in a space's order: an offset, and the store in which it means something.
struct FeedPlace {
  StoreIncarnation store;
  Offset offset;
};
struct FeedItem {
  AppendKind kind = AppendKind::deltas;
  DocumentName document;
  Epoch epoch;
  Record record;  ///< only offset and time are set for a deletion or re-creation, only the offset for a cut
};
struct FeedStretch {
  std::vector<FeedItem> items;
  FeedPlace place;         ///< everything up to here has been handed over
  bool caught_up = false;  ///< nothing more was there
};
struct FeedOptions {
  std::optional<FeedPlace> after{};  ///< none: from the start
  bool follow = false;               ///< stay, for what comes
};

/// What the relay tells of a snapshot. Ids are its own: they are 0 here.
struct SnapshotInfo {
  Snapshot about;
  Offset base{};        ///< of the one it lies on; 0: it stands alone
  bool served = false;  ///< newcomers may be given it
};
struct WhichSnapshot {
  Offset offset{};  ///< 0: the newest that newcomers are served ...
  AsOf as_of{};     ///< ... of those that were there then
};
/// Who is handed a snapshot, behind those it lies on. Both answer whether to go on.
struct SnapshotTaker {
  std::function<bool(const SnapshotInfo&)> begin;  ///< the bytes of this one follow
  std::function<bool(std::string_view)> bytes;
};
struct RelaySnapshot {
  ProducerId producer;
  Offset offset;                  ///< it stands for every record up to here
  std::optional<Digest> chain{};  ///< the chain value there; none: whatever the relay has
  std::optional<Epoch> epoch{};
  Digest hash;
  std::uint64_t size = 0;
  Codec codec{};
  Fidelity fidelity = Fidelity::unknown;
};
/// The next bytes of a snapshot, as many as are at hand; empty at its end.
using NextBytes = std::function<Result<std::string>()>;

struct RelayAppend {
  ProducerId producer;
  Sequence first_sequence{};  ///< 0: whatever comes next; then the call cannot be repeated
  std::optional<Epoch> epoch{};
};

class Relay {
 public:
  /// Connects with the first call.
  explicit Relay(RelayOptions options);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Names in byte order, those after `after`; at most 1000.
  [[nodiscard]] Result<Listing<SpaceInfo>> spaces(const std::string& after, std::size_t count) const;
  [[nodiscard]] Result<Listing<DocumentInfo>> documents(const SpaceName& space, const std::string& after,
                                                        std::size_t count) const;
  /// NOT_FOUND when there never was one; a deleted one says so in its state.
  [[nodiscard]] Result<DocumentInfo> document(const DocumentPath& path) const;
  /// The store behind this relay, for a FeedPlace that begins at an offset known from elsewhere.
  [[nodiscard]] Result<StoreIncarnation> store() const;

  /// A document's records as they stand now, or stood, those that are kept; `on_cut` is told before them when others
  /// were wanted, and up to where. Answers with where it ended, or with nothing when the callback ended it. Before a
  /// cut its chain value is unknown: all 0.
  [[nodiscard]] Result<std::optional<Cursor>> read(const DocumentPath& path, const ReadFrom& from,
                                                   const std::function<bool(const Record&)>& on_record,
                                                   std::stop_token stop = {},
                                                   const std::function<void(const Cursor&)>& on_cut = {}) const;
  /// By offset, those in quarantine included.
  [[nodiscard]] Result<std::vector<SnapshotInfo>> snapshots(const DocumentPath& path) const;
  /// NOT_FOUND when there is none, DATA_LOSS when what came is not what its hash says: take nothing of it then.
  [[nodiscard]] Result<void> read_snapshot(const DocumentPath& path, const WhichSnapshot& which,
                                           const SnapshotTaker& taker, std::stop_token stop = {}) const;
  /// A space's order. FAILED_PRECONDITION when the place is in a store that this relay no longer has.
  [[nodiscard]] Result<void> feed(const SpaceName& space, const FeedOptions& options,
                                  const std::function<bool(const FeedStretch&)>& on_stretch,
                                  std::stop_token stop = {}) const;

  /// All or none; durable when it answers. The offset of the last delta.
  [[nodiscard]] Result<Offset> append(const DocumentPath& path, const RelayAppend& how,
                                      std::span<const Delta> deltas) const;
  /// Offers a snapshot; durable when it answers. A candidate, until another principal has confirmed it.
  [[nodiscard]] Result<void> put_snapshot(const DocumentPath& path, const RelaySnapshot& snapshot,
                                          const NextBytes& next, std::stop_token stop = {}) const;
  /// Nobody is served it any more.
  [[nodiscard]] Result<void> withdraw_snapshot(const DocumentPath& path, Offset offset) const;
  /// One in quarantine is a candidate again, to be confirmed by another principal like a new one. NOT_FOUND when there
  /// is none, ALREADY_EXISTS when the same is in use.
  [[nodiscard]] Result<void> release_snapshot(const DocumentPath& path, Offset offset, const Digest& hash) const;
  /// The offset of the deletion.
  [[nodiscard]] Result<Offset> remove(const DocumentPath& path) const;
  /// Opens a deleted document anew: its new epoch.
  [[nodiscard]] Result<Epoch> recreate(const DocumentPath& path) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace weir::client
