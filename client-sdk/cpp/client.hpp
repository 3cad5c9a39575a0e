// The relay from a C++ program.
//
//   weir::client::Client client({.address = "127.0.0.1:8788"});
//   auto plan = client.subscribe({"acme-notes", "plan"}, {.on_records = [](const RecordsRead& read) { ... }}).value();
//   plan.publish("bytes", [](const Settled& settled) { if (!settled.error) std::puts("durable"); }).value();
//
// It connects again by itself and sends again what was not stored; session.hpp has the rules. What is not yet stored
// lives in memory only, unless there is a store (store.hpp): wait with when_stored() before the program ends.
// docs/cpp-sdk.md is a tutorial.
//
// A call that returns an error was not taken, and calls nothing: RESOURCE_EXHAUSTED when too many wait for the client's
// thread, CANCELLED after close(). One that was taken is answered exactly once, at the latest by close().
//
// Threads: all calls may come from any thread, also from callbacks. Every callback runs on the client's one thread, one
// at a time, in order, and must not throw; one that takes long holds up the others, and then the relay waits. close()
// returns when all callbacks are over and none will come; called from a callback it returns at once, and the answers to
// what still waits come after that callback. A client must not be destroyed in a callback, and not be waited for while
// holding a lock that a callback takes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "weir/client/effects.hpp"
#include "weir/client/options.hpp"
#include "weir/client/store.hpp"
#include "weir/client/transport.hpp"

namespace weir::client {

struct ClientOptions {
  std::string address = "127.0.0.1:8788";  ///< host:port of the relay's gRPC door
  bool tls = false;
  std::string root_certificates{};  ///< PEM; empty: the system's
  /// Asked for each connection; empty: no token. A token that is refused is then asked for again.
  std::function<std::string()> token{};
  /// If given, what is not yet stored by the relay survives the process (store.hpp).
  std::shared_ptr<ClientStore> store{};
  SessionOptions session{};
  /// Calls that wait for the client's thread, and the bytes of the deltas in them. Once taken by the thread, deltas
  /// wait in their document's outbox, which has a limit of its own (SessionOptions::outbox_bytes_max).
  std::size_t calls_waiting_max = 100'000;
  std::size_t calls_waiting_bytes_max = 64 << 20;
  std::function<void(Status)> on_status{};
  /// The next attempt is under way.
  std::function<void(const ClientError&)> on_connection_error{};
  /// The relay refused SessionOptions::producer; this one was taken instead.
  std::function<void(const ProducerId&)> on_producer_changed{};
  std::function<void(const ClientError&)> on_error{};
};

/// A document's callbacks; those left out are not called.
struct Handlers {
  std::function<void(const DocumentOpened&)> on_opened{};
  std::function<void(const RecordsRead&)> on_records{};
  /// If given, snapshots are asked for, and what they stand for does not come as records.
  std::function<void(const SnapshotRead&)> on_snapshot{};
  /// Records up to there are not kept any more, and did not come: what is read is not all that ever was.
  std::function<void(const RecordsCut&)> on_cut{};
  std::function<void()> on_caught_up{};
  std::function<void(std::size_t pending)> on_stored{};
  std::function<void(const std::vector<Presence>&)> on_presence{};
  /// Also for a delta that is refused and was published without a callback.
  std::function<void(const DocumentFailed&)> on_error{};
  /// Makes and checks snapshots; ClientOptions::session.makes_snapshots says that there is one.
  std::shared_ptr<Snapshotter> snapshotter{};
  /// A snapshot of this client is durable.
  std::function<void(Offset)> on_snapshot_kept{};
  /// After lost history: the state as deltas of codec 0, or what of it the relay lacks.
  std::function<std::vector<SharedBytes>()> state{};
};

struct DocumentAddress {
  std::string_view space;
  std::string_view document;
};

using WhenSettled = std::function<void(const Settled&)>;

/// One open document. Copies name the same subscription; it lives until close(), or as long as its client.
class Document {
 public:
  [[nodiscard]] Result<void> publish(std::string_view payload, WhenSettled when_stored = {}) {
    return publish({{}, SharedBytes::copy(payload)}, std::move(when_stored));
  }
  [[nodiscard]] Result<void> publish(Delta delta, WhenSettled when_stored = {});
  /// Calls when nothing waits, when everything was delivered; with an error when that will never be.
  [[nodiscard]] Result<void> when_stored(WhenSettled then);
  [[nodiscard]] Result<void> when_caught_up(WhenSettled then);
  /// Calls when everything published so far is in the client's store on disk; with an error when there is none.
  [[nodiscard]] Result<void> when_kept(WhenSettled then);
  /// Replaces this client's presence; empty withdraws it. The last of several that come quickly is the one that counts.
  void set_presence(std::string_view data);
  /// What is published from now on is sealed with this key; the older ones go on opening what they have sealed.
  /// FAILED_PRECONDITION for a document that was subscribed without `encryption`: nothing would be sealed.
  [[nodiscard]] Result<void> set_key(const DocumentKey& key);
  /// What is not yet stored is given up. No callback of this document follows when it is closed in a callback; from
  /// another thread, one may still be under way.
  void close();

 private:
  friend class Client;
  Document(std::shared_ptr<class ClientLoop> loop, DocumentId id, bool encrypted)
      : loop_(std::move(loop)), id_(id), encrypted_(encrypted) {}
  std::shared_ptr<ClientLoop> loop_;
  DocumentId id_;
  bool encrypted_;
};

class Client {
 public:
  /// `transport`: null for gRPC to the address in the options.
  explicit Client(ClientOptions options, std::unique_ptr<Transport> transport = nullptr);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// INVALID_ARGUMENT for a name that is none, ALREADY_EXISTS, CANCELLED after close(). Waits for the client's thread.
  [[nodiscard]] Result<Document> subscribe(DocumentAddress address, Handlers handlers, SubscribeOptions options = {});
  void connect();
  void disconnect();
  /// For ever. What is not yet stored is given up.
  void close();
  /// Whether this is the client's thread: true in its callbacks.
  [[nodiscard]] bool is_this_thread() const;

 private:
  std::shared_ptr<ClientLoop> loop_;
};

}  // namespace weir::client
