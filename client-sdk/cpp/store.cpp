#include "weir/client/store.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include "weir/client/sealed.hpp"
#include "weir/client/store_journal.hpp"
#include "weir/vocabulary/assert.hpp"

namespace weir::client {
namespace {

/// How long after a failure the store is tried again.
constexpr std::chrono::seconds retry_after{1};

}  // namespace

Result<std::shared_ptr<ClientStore>> ClientStore::open(const std::string& folder) {
  Result<std::unique_ptr<StoreFiles>> files = open_store_files(folder);
  if (!files) return files.error();
  Result<std::shared_ptr<ClientStore>> store = open(std::move(*files));
  if (!store) return fail(store.error().code, folder + ": " + store.error().message);
  return store;
}

Result<std::shared_ptr<ClientStore>> ClientStore::open(std::unique_ptr<StoreFiles> files) {
  Result<std::unique_ptr<StoreJournal>> journal = StoreJournal::open(std::move(files), secure_random);
  if (!journal) return journal.error();
  return std::shared_ptr<ClientStore>(new ClientStore(std::move(*journal)));
}

ClientStore::ClientStore(std::unique_ptr<StoreJournal> journal) : journal_(std::move(journal)) {}

ClientStore::~ClientStore() { end(); }

std::vector<DocumentPath> ClientStore::unsent() const {
  const std::scoped_lock lock(mutex_);
  std::vector<DocumentPath> paths;
  if (thread_.joinable()) return paths;  // the client knows
  for (const auto& [path, document] : journal_->contents().documents)
    if (!document.outbox.empty()) paths.push_back(path);
  return paths;
}

StoreContents ClientStore::begin(Done done, Failed failed) {
  const std::scoped_lock lock(mutex_);
  const bool free = !thread_.joinable();
  WEIR_ASSERT(free);  // two clients would publish under one producer id: give each a store of its own
  done_ = std::move(done);
  failed_ = std::move(failed);
  number_ = 0;
  ending_ = false;
  StoreContents contents = journal_->contents();
  thread_ = std::thread([this] { run(); });
  return contents;
}

void ClientStore::write(std::uint64_t number, std::vector<StoreChange> changes) {
  const std::scoped_lock lock(mutex_);
  number_ = number;
  waiting_.insert(waiting_.end(), std::make_move_iterator(changes.begin()), std::make_move_iterator(changes.end()));
  wake_.notify_one();
}

void ClientStore::end() {
  {
    const std::scoped_lock lock(mutex_);
    if (!thread_.joinable()) return;
    ending_ = true;
    wake_.notify_one();
  }
  thread_.join();
  thread_ = {};
}

void ClientStore::run() {
  bool failing = false;
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto something = [&] { return !waiting_.empty() || ending_; };
    if (failing)
      wake_.wait_for(lock, retry_after, something);
    else
      wake_.wait(lock, something);
    const bool last = ending_;
    const std::uint64_t number = number_;
    const std::vector<StoreChange> changes = std::exchange(waiting_, {});
    lock.unlock();
    const Result<void> written = changes.empty() && !failing ? Result<void>() : journal_->write(changes);
    if (written && !(changes.empty() && !failing)) done_(number);
    if (!written && !failing) failed_(written.error());
    failing = !written;
    lock.lock();
    if (last && waiting_.empty()) return;
  }
}

}  // namespace weir::client
