// `weir docs` on a log in memory.
#pragma once

#include <gmock/gmock.h>

#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <sstream>

#include "temporary_folder.hpp"
#include "weir/cli/docs.hpp"
#include "weir/cli/live_source.hpp"
#include "weir/cli/store_source.hpp"
#include "weir/memory/memory_log.hpp"

namespace weir::cli {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

inline constexpr std::uint64_t noon = 1'700'000'000;

inline ProducerId producer(std::uint8_t number) {
  ProducerId id;
  id.bytes[0] = std::byte{number};
  return id;
}

struct Ran {
  std::string out;
  std::string err;
  std::string error;  ///< empty: it could be done
  Code code = Code::unknown;

  [[nodiscard]] std::vector<json> lines() const {
    std::vector<json> all;
    std::istringstream text(out);
    for (std::string line; std::getline(text, line);) all.push_back(json::parse(line));
    return all;
  }
};

class Docs : public testing::Test {
 protected:
  static storage::MemoryLogOptions options(std::uint8_t store) {
    return {.incarnation = {{std::byte{store}}}, .mode = storage::MemoryLog::Mode::automatic};
  }
  void store(const std::string& document, std::uint8_t who, std::uint64_t first,
             const std::vector<std::string>& payloads, std::uint64_t time, bool marked = true) {
    Append append;
    append.path = std::make_shared<const DocumentPath>(path_of("notes", document).value());
    append.epoch = log_.document(*append.path)->epoch;
    append.producer = producer(who);
    append.first_sequence = {first};
    if (marked) append.assumed_mark = log_.mark(*append.path, producer(who))->value_or(Mark{}).sequence;
    append.time = {time};
    for (const std::string& payload : payloads) append.deltas.push_back({{0}, SharedBytes::copy(payload)});
    std::promise<Result<Appended>> done;
    log_.append({}, std::move(append), [&done](Result<Appended> result) { done.set_value(std::move(result)); });
    const auto appended = done.get_future().get();
    ASSERT_TRUE(appended) << appended.error().message;
  }
  void cut(const std::string& document, Offset offset) {
    Append append;
    append.kind = AppendKind::cut;
    append.path = std::make_shared<const DocumentPath>(path_of("notes", document).value());
    append.epoch = log_.document(*append.path)->epoch;
    append.cut = offset;
    const auto prefix = log_.prefix(*append.path, offset).value();
    append.cut_chain = prefix.chain;
    append.cut_records = prefix.records;
    append.cut_payload_bytes = prefix.payload_bytes;
    std::promise<Result<Appended>> done;
    log_.append({}, std::move(append), [&done](Result<Appended> result) { done.set_value(std::move(result)); });
    ASSERT_TRUE(done.get_future().get());
  }
  /// Two authors in turns, one of them foreign: without a mark, and counting anew.
  void store_plan() {
    store("plan", 1, 1, {"one", "two"}, noon);
    store("plan", 9, 1, {"foreign"}, noon + 1, false);
    store("plan", 1, 3, {"three"}, noon + 2);
    store("plan", 9, 1, {"foreign again"}, noon + 3, false);
    store("plan", 1, 4, {std::string(1000, 'x'), ""}, noon + 4);
  }
  static Ran run(storage::MemoryLog& log, DocsOptions options, const std::string& input = "") {
    std::ostringstream out;
    std::ostringstream err;
    std::istringstream in(input);
    const auto source = source_of(log, log.snapshots());
    const auto done =
        run_docs(*source, options, {.out = out, .err = err, .in = in, .in_is_terminal = !input.empty()}, {});
    Ran ran{out.str(), err.str(), {}, Code::unknown};
    if (!done) ran.error = done.error().message;
    if (!done) ran.code = done.error().code;
    return ran;
  }
  Ran run(const DocsOptions& options, const std::string& input = "") { return run(log_, options, input); }
  [[nodiscard]] std::string file(const std::string& name) const { return (folder_.path() / name).string(); }
  static std::string bytes_of(const std::string& file) {
    std::ostringstream bytes;
    bytes << std::ifstream(file, std::ios::binary).rdbuf();
    return bytes.str();
  }

  storage::TemporaryFolder folder_;
  storage::MemoryLog log_{options(1)};
};

}  // namespace weir::cli
