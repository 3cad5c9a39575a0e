// What a session's client is sending of snapshots: chunks wait here until the hub has taken the offer, and then go to
// the store one step at a time.
//
//   offer ──▶ hub ──▶ accepted ──▶ begin ──▶ write ──▶ write ... ──▶ seal          (each answered before the next)
//
// Chunks count as bytes in flight until they are written, so a client that is faster than the store is not read; what
// is not taken is given back and ignored. One upload a document at a time, a few a session. What the client says is
// checked here: chunks follow each other, and are no more than the offer announced.
//
// Threads: its session's.
#pragma once

#include <deque>
#include <map>

#include "weir/core/messages.hpp"

namespace weir::core {

/// What uploads need of their session.
class SnapshotUploadsHost {
 public:
  virtual ~SnapshotUploadsHost() = default;
  virtual void offer(DocumentHandle document, SnapshotOffered offered) = 0;
  virtual void upload(UploadStep step) = 0;
  /// These bytes are no longer in flight.
  virtual void landed(const Flight& flight) = 0;
  /// The peer is told; nothing else of the session is touched.
  virtual void refused(DocumentHandle document, Error error) = 0;
};

class SnapshotUploads {
 public:
  SnapshotUploads(SessionRef self, SnapshotUploadsHost& host) : self_(self), host_(host) {}

  /// A client's offer, whose chunks follow.
  void begin(SnapshotOffered offered);
  /// Ignored when no offer of the document is open.
  void add(DocumentHandle document, std::uint64_t position, SharedBytes bytes, bool last, Flight flight);

  void accepted(const SnapshotAccepted& accepted);
  /// By the hub, now or while it is being sent.
  void refused(DocumentHandle document) { abandon(document); }
  void answered(const UploadAnswer& answer);
  /// The subscription is over.
  void abandon(DocumentHandle document);
  void abandon_all();

 private:
  struct Chunk {
    SharedBytes bytes;
    Flight flight;
  };
  struct Upload {
    std::uint64_t number = 0;
    std::uint64_t size = 0;
    std::uint64_t received = 0;
    bool complete = false;  ///< the last chunk has come
    bool sealing = false;
    std::optional<SnapshotAccepted> accepted;
    SnapshotUpload at_store;  ///< 0: not begun
    bool stepping = false;    ///< a step is under way
    std::deque<Chunk> waiting;
    Flight writing;  ///< of the chunk in the step under way
  };

  void step(DocumentHandle document, Upload& upload);
  void give_back(DocumentHandle document, Upload& upload);
  void fail_with(DocumentHandle document, Error error);

  SessionRef self_;
  SnapshotUploadsHost& host_;
  std::map<DocumentHandle, Upload> uploads_;
  std::uint64_t numbers_ = 0;
};

}  // namespace weir::core
