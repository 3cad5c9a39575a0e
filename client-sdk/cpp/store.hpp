// A client's store on disk: its producer id, and the deltas that the relay is not known to have.
//
//   auto store = weir::client::ClientStore::open("/var/lib/my-app/weir").value();
//   for (const DocumentPath& path : store->unsent()) std::puts(path.document.text().c_str());     // of an earlier
//   process Client client({.address = "127.0.0.1:8788", .store = store});
//
// With it, a delta is on disk before it is sent, and survives the process: when its document is subscribed again, it is
// sent as it was, under its old sequence, so that the relay stores it once. The cursor of what was read is not in here:
// it belongs to what the application keeps. docs/cpp-sdk.md says more.
//
// Writing and fsync happen on a thread of the store, everything that waits in one go; publishing never waits for them.
//
// Threads: open() and unsent() from any; the rest is the client's.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "weir/client/store_contents.hpp"

namespace weir::client {

class StoreFiles;
class StoreJournal;

class ClientStore {
 public:
  /// A folder, made if there is none. FAILED_PRECONDITION when another process has it open, DATA_LOSS when it is
  /// damaged.
  [[nodiscard]] static Result<std::shared_ptr<ClientStore>> open(const std::string& folder);
  /// The same on files of another kind.
  [[nodiscard]] static Result<std::shared_ptr<ClientStore>> open(std::unique_ptr<StoreFiles> files);
  ~ClientStore();
  ClientStore(const ClientStore&) = delete;
  ClientStore& operator=(const ClientStore&) = delete;

  /// Documents with deltas that the relay is not known to have.
  [[nodiscard]] std::vector<DocumentPath> unsent() const;

  // For the client. One at a time.
  using Done = std::function<void(std::uint64_t number)>;
  using Failed = std::function<void(const Error&)>;
  /// What is in it; called back on the store's thread from now on. Failed is called once until it goes well again.
  [[nodiscard]] StoreContents begin(Done done, Failed failed);
  void write(std::uint64_t number, std::vector<StoreChange> changes);
  /// Tries once more to write what waits, and calls nothing afterwards.
  void end();

 private:
  explicit ClientStore(std::unique_ptr<StoreJournal> journal);
  void run();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::unique_ptr<StoreJournal> journal_;  ///< the thread's own while there is one
  std::thread thread_;
  std::vector<StoreChange> waiting_;
  std::uint64_t number_ = 0;  ///< of the last that was given to write()
  bool ending_ = false;
  Done done_;
  Failed failed_;
};

}  // namespace weir::client
