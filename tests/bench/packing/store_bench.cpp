// What a document costs on disk, everything included: store_bench STREAM... prints a table of bytes a delta.
//
// Every delta of the stream is an append of its own, and a commit of its own: the next is appended when it is stored.
// The whole folder is counted, as `du` does, without what an empty store takes:
//
//   payload    what the deltas are by themselves
//   unpacked   stored, without packs
//   sealed     keys and values of the packs as they are first made, before any are merged, and of what is in no pack
//              yet
//   settled    after the background packer found nothing more to do
//   compacted  after `weir docs compact`
//
// `--keep FOLDER STREAM` leaves such a compacted store, for newcomer.mjs.
// `--batched STREAM`: a client that encrypts gathers 512 deltas, packs them, encrypts the pack and publishes that as
// one delta. Random bytes stand for the ciphertext, 28 more than the pack has, as AES-GCM makes of it.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <future>
#include <iostream>
#include <random>
#include <thread>

#include "stream.hpp"
#include "weir/packing/pack.hpp"
#include "weir/rocksdb/rocks_log.hpp"

namespace {

using namespace weir;           // NOLINT
using namespace weir::storage;  // NOLINT

constexpr std::uint64_t never = ~std::uint64_t{0};
constexpr std::uint64_t pack_key_bytes = 20, run_key_bytes = 20;

template <class T>
T need(Result<T> result) {
  if (result) return std::move(*result);
  std::cerr << result.error().message << "\n";
  std::exit(1);
}

/// Blocks on disk, as du counts them.
std::uint64_t disk_bytes(const std::filesystem::path& folder) {
  const std::string command = "du -s -B1 '" + folder.string() + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> du(::popen(command.c_str(), "r"), &::pclose);
  unsigned long long bytes = 0;
  if (!du || std::fscanf(du.get(), "%llu", &bytes) != 1) std::abort();
  return bytes;
}

class Store {
 public:
  Store(const std::filesystem::path& folder, const PackingOptions& packing) : folder_(folder) {
    std::filesystem::remove_all(folder);
    RocksOptions options;
    options.path = folder;
    options.durability = Durability::interval;  // as many commits, fewer fsyncs
    options.packing = packing;
    log_ = need(RocksLog::open(options));
  }
  ~Store() {
    log_.reset();
    if (!kept_) std::filesystem::remove_all(folder_);
  }
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  void append(const std::vector<Record>& records) {
    const Epoch epoch = need(log_->document(*path_)).epoch;
    for (const Record& record : records) {
      Append append;
      append.path = path_;
      append.epoch = epoch;
      append.time = record.time;
      append.producer = record.producer;
      append.assumed_mark = Sequence{record.sequence.value - 1};
      append.first_sequence = record.sequence;
      append.deltas.push_back({record.codec, record.payload});
      std::promise<Result<Appended>> done;
      log_->append({1}, std::move(append), [&](Result<Appended> result) { done.set_value(std::move(result)); });
      need(done.get_future().get());
    }
  }
  /// Until the packer has nothing to do.
  void settle() {
    while (log_->packing().pending > 0) std::this_thread::yield();
  }
  [[nodiscard]] std::uint64_t key_and_value_bytes() const {
    const DocumentWeight weight = need(log_->weigh(*path_));
    return weight.pack_bytes + weight.packs * pack_key_bytes + weight.run_bytes + weight.runs * run_key_bytes;
  }
  void compact() {
    if (auto done = log_->compact(*path_, {}); !done) need<int>(done.error());
  }
  /// Compares all of it with what was appended.
  void verify(const std::vector<Record>& records) const {
    std::size_t at = 0;
    for (Offset after;;) {
      const DocumentPage page = need(log_->read_document(*path_, after, {never}, 1 << 20));
      for (const Record& record : page.records) {
        if (at == records.size() || record != records[at++]) need<int>(fail(Code::internal, "not the same records"));
        after = record.offset;
      }
      if (page.complete) break;
    }
    if (at != records.size()) need<int>(fail(Code::internal, "records are missing"));
  }
  void keep() { kept_ = true; }
  [[nodiscard]] std::uint64_t close() {
    log_.reset();
    return disk_bytes(folder_);
  }

 private:
  std::filesystem::path folder_;
  bool kept_ = false;
  std::unique_ptr<RocksLog> log_;
  DocumentRef path_ = std::make_shared<const DocumentPath>(
      DocumentPath{SpaceName::parse("bench").value(), DocumentName::parse("document").value()});
};

PackingOptions without_packs() { return {.in_background = false}; }
PackingOptions without_merging() {
  PackingOptions packing;
  packing.merge_records = packing.settle_records = packing.seal_records;
  return packing;
}

/// What a client that packs and encrypts publishes in place of these.
std::vector<Record> batched(std::span<const Record> records) {
  constexpr std::size_t batch_records = 512, nonce_and_tag_bytes = 28;
  std::mt19937_64 random(1);
  std::vector<Record> batches;
  for (std::size_t at = 0; at < records.size(); at += batch_records) {
    const auto part = records.subspan(at, std::min(batch_records, records.size() - at));
    std::vector<Record> batch(part.begin(), part.end());
    for (std::size_t i = 0; i < batch.size(); ++i) {  // the relay says when the batch came, nobody when each key
      batch[i].offset = {i + 1};
      batch[i].sequence = {i + 1};
      batch[i].time = {};
    }
    std::string bytes(need(packing::pack(batch, {}, {.level = 19})).size() + nonce_and_tag_bytes, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    Record record = part.back();
    record.offset = {batches.size() + 1};
    record.sequence = {batches.size() + 1};
    record.payload = SharedBytes::take(std::move(bytes));
    batches.push_back(std::move(record));
  }
  return batches;
}

void print(const char* path, bool in_batches, const std::filesystem::path& folder) {
  std::vector<Record> records = bench::read_stream(path);
  const auto keystrokes = static_cast<double>(records.size());
  if (in_batches) records = batched(records);
  std::uint64_t payload_bytes = 0;
  for (const Record& record : records) payload_bytes += record.payload.size();
  const std::uint64_t empty = Store(folder, {}).close();
  const auto each = [&](std::uint64_t bytes) { return static_cast<double>(bytes) / keystrokes; };

  std::uint64_t unpacked = 0, sealed = 0;
  {
    Store store(folder, without_packs());
    store.append(records);
    unpacked = store.close() - empty;
  }
  {
    Store store(folder, without_merging());
    store.append(records);
    store.settle();
    sealed = store.key_and_value_bytes();
  }
  std::uint64_t settled = 0, compacted = 0;
  {
    Store store(folder, {});
    store.append(records);
    store.settle();
    settled = store.key_and_value_bytes();
    store.compact();
    store.verify(records);
    compacted = store.close() - empty;
  }
  std::printf("| %s | %zu | %.2f | %.2f | %.3f | %.3f | %.3f |\n",
              (std::filesystem::path(path).stem().string() + (in_batches ? ", batched" : "")).c_str(), records.size(),
              each(payload_bytes), each(unpacked), each(sealed), each(settled), each(compacted));
  std::fflush(stdout);
}

void keep(const char* folder, const char* path) {
  const std::vector<Record> records = bench::read_stream(path);
  Store store(folder, {});
  store.append(records);
  store.settle();
  store.compact();
  store.keep();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: store_bench [--batched] STREAM... (made by streams.mjs)\n";
    return 2;
  }
  if (argc == 4 && std::string_view(argv[1]) == "--keep") {
    keep(argv[2], argv[3]);
    return 0;
  }
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("weir-bench-" + std::to_string(::getpid()));
  std::printf("An empty store takes %llu bytes.\n\n", static_cast<unsigned long long>(Store(folder, {}).close()));
  std::printf(
      "| stream | deltas | payload | unpacked | sealed | settled | compacted |\n|---|---|---|---|---|---|---|\n");
  bool in_batches = false;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--batched") {
      in_batches = true;
      continue;
    }
    print(argv[i], in_batches, folder);
    in_batches = false;
  }
  return 0;
}
