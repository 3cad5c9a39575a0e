// make_packs FILE: writes the golden vectors of packs. Those of released versions stay: add to them, do not replace
// them.
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "examples.hpp"
#include "weir/packing/pack.hpp"

namespace {

using namespace weir;           // NOLINT
using namespace weir::packing;  // NOLINT
using Json = nlohmann::ordered_json;

Json to_json(const Record& record) {
  return {{"offset", std::to_string(record.offset.value)},     {"producer", record.producer.hex()},
          {"sequence", std::to_string(record.sequence.value)}, {"time", std::to_string(record.time.value)},
          {"codec", std::to_string(record.codec.value)},       {"payload", to_hex(record.payload.view())}};
}

/// The records are listed where they are few; the chain value says the same of all.
Json to_json(const Example& example, const PackOptions& options, bool listed) {
  const auto made = pack(example.records, example.chain(), options);
  if (!made) throw std::runtime_error(made.error().message);
  Json vector{{"name", example.name},
              {"start", Example::chain_start().hex()},
              {"count", example.records.size()},
              {"chain", example.chain().hex()},
              {"hex", to_hex(made->view())}};
  if (listed)
    for (const Record& record : example.records) vector["records"].push_back(to_json(record));
  return vector;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_packs FILE\n";
    return 2;
  }
  Json vectors = Json::array();
  for (const Example& example : examples()) vectors.push_back(to_json(example, {}, true));
  for (const int level : {1, 3, 9, 19}) {
    const PackOptions options{.level = level, .block_records_max = 700};
    vectors.push_back(to_json({"blocks, level " + std::to_string(level), typing(3000, 2, 20)}, options, false));
  }
  vectors.push_back(to_json({"anything, in blocks", anything(300, 21)}, {.block_records_max = 90}, false));
  std::ofstream out(argv[1], std::ios::binary);
  out << vectors.dump(1) << "\n";
  return out.flush() ? 0 : 1;
}
