// What packing takes and gives: pack_bench STREAM... prints a table of bytes a delta and records a second.
//
// A stream is what streams.mjs makes. Each is packed in packs of 512, 4096 and 32768 records, at zstd's levels 3 and
// 19; every pack is read again and compared. Times are the process's on the processor. `metadata` is what the same
// packs take with empty payloads.
//
// `--packs FILE STREAM` writes the packs as the store settles them, each behind its size in 32 bits, little-endian:
// what unpack.mjs reads.
#include <ctime>
#include <iostream>
#include <vector>

#include "stream.hpp"
#include "weir/packing/pack.hpp"

namespace {

using namespace weir;  // NOLINT

struct Measured {
  double bytes = 0;  // a record
  double pack_per_second = 0;
  double unpack_per_second = 0;
};

/// Of this process, so that others on the machine do not count.
double seconds_since(std::clock_t start) { return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC; }

template <class T>
T need(Result<T> result) {
  if (result) return std::move(*result);
  std::cerr << result.error().message << "\n";
  std::exit(1);
}

Measured measure(std::span<const Record> records, std::size_t pack_records, int level) {
  std::vector<SharedBytes> packs;
  std::size_t bytes = 0;
  auto start = std::clock();
  for (std::size_t at = 0; at < records.size(); at += pack_records) {
    const auto part = records.subspan(at, std::min(pack_records, records.size() - at));
    packs.push_back(need(packing::pack(part, {}, {.level = level, .verify = false})));
    bytes += packs.back().size();
  }
  Measured measured{static_cast<double>(bytes) / static_cast<double>(records.size()), 0, 0};
  measured.pack_per_second = static_cast<double>(records.size()) / seconds_since(start);
  std::size_t at = 0;
  double taken = 0;
  for (const SharedBytes& pack : packs) {
    start = std::clock();
    auto reader = need(packing::PackReader::open(pack));
    for (;;) {
      const auto block = need(reader.next_block());
      taken += seconds_since(start);
      if (block.empty()) break;
      if (!std::ranges::equal(block, records.subspan(at, block.size())))
        need<int>(fail(Code::internal, "not the same"));
      at += block.size();
      start = std::clock();
    }
  }
  measured.unpack_per_second = static_cast<double>(records.size()) / taken;
  return measured;
}

void print(const char* path) {
  const std::vector<Record> records = bench::read_stream(path);
  std::vector<Record> empty = records;
  double payload_bytes = 0;
  for (const Record& record : records) payload_bytes += static_cast<double>(record.payload.size());
  for (Record& record : empty) record.payload = {};
  std::printf("%s: %zu records, %.2f bytes each\n", path, records.size(),
              payload_bytes / static_cast<double>(records.size()));
  std::printf("| records a pack | level | bytes a record | of these metadata | pack M/s | unpack M/s |\n");
  std::printf("|---|---|---|---|---|---|\n");
  for (const int level : {3, 19}) {
    for (const std::size_t pack_records : {512, 4096, 32768}) {
      const Measured all = measure(records, pack_records, level);
      const Measured metadata = measure(empty, pack_records, level);
      std::printf("| %zu | %d | %.3f | %.3f | %.2f | %.2f |\n", pack_records, level, all.bytes, metadata.bytes,
                  all.pack_per_second / 1e6, all.unpack_per_second / 1e6);
    }
  }
}

constexpr std::size_t settled_records = 32768, settled_bytes = std::size_t{4} << 20;

void write_packs(const char* path, const char* stream) {
  const std::vector<Record> records = bench::read_stream(stream);
  std::ofstream out(path, std::ios::binary);
  for (std::size_t at = 0; at < records.size();) {
    std::size_t count = 0;
    for (std::size_t bytes = 0; at + count < records.size() && count < settled_records; ++count) {
      bytes += records[at + count].payload.size();
      if (count > 0 && bytes > settled_bytes) break;
    }
    const SharedBytes pack = need(packing::pack(std::span(records).subspan(at, count), {}, {.level = 19}));
    for (unsigned shift = 0; shift < 32; shift += 8) out.put(static_cast<char>(pack.size() >> shift & 0xFF));
    out << pack.view();
    at += count;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "--packs") {
    write_packs(argv[2], argv[3]);
    return 0;
  }
  if (argc < 2) {
    std::cerr << "usage: pack_bench STREAM... (made by streams.mjs)\n";
    return 2;
  }
  for (int i = 1; i < argc; ++i) print(argv[i]);
  return 0;
}
