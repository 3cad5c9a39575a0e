// What a document needs of its session.
//
// Threads: one, the session's.
#pragma once

#include "weir/client/effects.hpp"
#include "weir/client/store_contents.hpp"
#include "weir/client/timers.hpp"

namespace weir::client {

class DocumentLogic;

class DocumentLink {
 public:
  virtual ~DocumentLink() = default;

  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual Timers& timers() = 0;
  /// In [0, 1).
  [[nodiscard]] virtual double random() = 0;
  [[nodiscard]] virtual std::uint64_t random_bits() = 0;
  /// In microseconds, as far as the driver told it.
  [[nodiscard]] virtual std::uint64_t unix_time() const = 0;
  [[nodiscard]] virtual const ProducerId& producer() const = 0;
  /// Nothing was published to this document under this producer before: the session has made the id, and did not have
  /// the document open already.
  [[nodiscard]] virtual bool is_new_to(const DocumentPath& path) const = 0;
  [[nodiscard]] virtual std::size_t outbox_bytes_max() const = 0;
  /// Null while there is no connection.
  [[nodiscard]] virtual const frames::Welcome* welcome() const = 0;
  /// Bytes of all the documents' deltas on the wire.
  [[nodiscard]] virtual std::size_t& in_flight_bytes() = 0;

  /// There is a store. What is kept within one turn is written together, under one number.
  [[nodiscard]] virtual bool keeps() const = 0;
  virtual void keep(StoreChange change) = 0;
  [[nodiscard]] virtual std::uint64_t keeping() const = 0;
  /// The document is closed; what it has kept stays, for the next time it is opened.
  virtual void leave(const DocumentPath& path, StoredDocument kept) = 0;

  virtual void send(const frames::ClientEvent& event) = 0;
  /// Sends the subscribe under a fresh request number; its answer comes back to this document.
  virtual void request(DocumentLogic& document, frames::Subscribe event) = 0;
  /// Sends a question under a fresh request number, likewise, and answers with the number.
  virtual std::uint64_t ask(DocumentLogic& document, frames::ReadSnapshot event) = 0;
  virtual std::uint64_t ask(DocumentLogic& document, frames::ReadHistory event) = 0;
  /// Calls the document's flush() soon.
  virtual void want_flush(DocumentLogic& document) = 0;
  /// This producer cannot go on: take another.
  virtual void replace_producer(const ClientError& cause) = 0;
  virtual void fenced(const ClientError& cause) = 0;
  /// The session has asked for packs on this connection, and for compressed chunks.
  [[nodiscard]] virtual bool takes_packs() const = 0;
  /// So much came out of a pack, and waits to be handed over.
  virtual void took_pack(std::size_t unpacked_bytes) = 0;
  /// One was wrong: connect again, and ask for none.
  virtual void give_up_packs() = 0;
  /// It is closed here, while publishes are on the wire whose answers are for nobody.
  virtual void abandon(DocumentLogic& document) = 0;
  virtual void forget(DocumentLogic& document) = 0;
  virtual void tell(Effect effect) = 0;
};

}  // namespace weir::client
