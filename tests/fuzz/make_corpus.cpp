// make_corpus FOLDER: seeds for the fuzzers, FOLDER/frames from the golden vectors, FOLDER/yjs from conversations,
// FOLDER/packs from the examples of packs and FOLDER/snapshots from scripts.
#include <array>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iostream>

#include "examples.hpp"
#include "sealing.hpp"
#include "vectors.hpp"
#include "weir/frames/codec.hpp"
#include "weir/packing/numbers.hpp"
#include "weir/packing/pack.hpp"
#include "weir/yjs/messages.hpp"

namespace {

using namespace weir;  // NOLINT

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

void write(const std::filesystem::path& folder, std::size_t number, const std::string& bytes) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder / (std::to_string(number) + ".bin"), std::ios::binary) << bytes;
}

void write_frames(const std::filesystem::path& folder) {
  std::size_t number = 0;
  for (const auto& [name, text] : frames::golden_vectors()) {
    if (name == "chain.json") continue;
    for (const auto& vector : frames::Json::parse(text)) {
      const char side = vector["from"] == "server" ? '\1' : '\0';
      write(folder, number++, side + from_hex(vector["hex"]));
    }
  }
}

std::string step(char what, const std::string& bytes) {
  return std::string{what, static_cast<char>(bytes.size())} + bytes;
}

// As a client sends it: without the header of the WebSocket frame.
std::string message(void (*put)(std::string&, std::string_view), std::string_view body) {
  std::string out;
  put(out, body);
  return step('\7', out.substr(2));
}

void write_yjs(const std::filesystem::path& folder) {
  std::string awareness;
  yjs::put_awareness(awareness, {{7, 3, "{}"}, {300, 1, "null"}});
  const std::string some_vector("\2\5\7\x2c\1", 5);
  const std::string say_step1 = message(yjs::put_sync_step1, some_vector);
  const std::string say_awareness = step('\7', awareness.substr(2));
  const std::string open = step('\0', "") + step('\1', "");
  const std::string scripts[] = {
      say_step1 + say_awareness + open + step('\2', some_vector) + message(yjs::put_sync_step2, "offline"),
      open + say_step1 + message(yjs::put_update, "typed") + step('\3', "\x0e") + step('\4', std::string(40, ' ')),
      open + message(yjs::put_update, yjs::empty_update) + message(yjs::put_sync_step1, yjs::empty_state_vector),
      open + step('\3', "\7") + message(yjs::put_update, "typed") + step('\7', "\3"),
      step('\5', some_vector + some_vector) + step('\6', "/yjs/acme/a%20b?token=x"),
  };
  std::size_t number = 0;
  for (const std::string& script : scripts) write(folder, number++, script);
}

void write_packs(const std::filesystem::path& folder) {
  std::size_t number = 0;
  for (const packing::Example& example : packing::examples()) {
    const auto pack = packing::pack(example.records, {}, {.block_records_max = 50});
    const packing::PackHeader header = *packing::inspect(pack->view());
    std::string by_hand = "\1";
    for (const std::uint64_t each :
         {header.first.value, header.last.value - header.first.value, header.records, header.time_min.value,
          header.time_max.value - header.time_min.value, header.payload_bytes})
      packing::put_varint(by_hand, each);
    write(folder, number++, std::string(1, '\0') + std::string(pack->view()));
    write(folder, number++, by_hand + packing::content_of(*pack));
  }
}

// As snapshots_fuzz reads them: what, who (from 16 on: of the other document), and two numbers.
std::string script(std::initializer_list<std::array<int, 4>> steps) {
  std::string out = "s";
  for (const auto& step : steps)
    for (const int each : step) out.push_back(static_cast<char>(each));
  return out;
}

void write_snapshots(const std::filesystem::path& folder) {
  constexpr int whole = 0, lying = 1, offer = 2, chunk = 3, attest = 4, read = 5, look_back = 6, subscribe = 7,
                publish = 8, wait = 9, connection = 10, ending = 11;
  const std::string scripts[] = {
      script({{whole, 0, 2, 9},
              {wait, 0, 200, 5},
              {attest, 1, 1, 1},
              {wait, 0, 200, 5},
              {subscribe, 2, 0, 0},
              {wait, 0, 200, 5},
              {read, 1, 1, 0},
              {ending, 0, 1, 0}}),
      script({{whole, 0, 4, 3},
              {wait, 0, 200, 9},
              {attest, 0, 1, 1},
              {attest, 1, 1, 0},
              {publish, 1, 0, 0},
              {wait, 0, 200, 9},
              {whole, 1, 3, 200},
              {wait, 0, 200, 9},
              {read, 2, 5, 77},
              {look_back, 2, 1, 200}}),
      script({{offer, 0, 3, 2},
              {chunk, 0, 3, 0},
              {chunk, 0, 3, 0},
              {chunk, 0, 4, 63},
              {wait, 0, 200, 5},
              {lying, 1, 2, 200},
              {lying, 1, 1, 255},
              {lying, 1, 4, 7},
              {wait, 0, 200, 5},
              {read, 1, 4, 255}}),
      script({{whole, 0, 4, 0},
              {connection, 0, 0, 0},
              {whole, 1, 4, 1},
              {connection, 1, 1, 0},
              {wait, 0, 250, 120},
              {whole, 2, 4, 2},
              {ending, 0, 0, 0},
              {wait, 0, 250, 3},
              {subscribe, 1, 0, 1},
              {publish, 1, 0, 0},
              {wait, 0, 250, 3},
              {whole, 17, 2, 5},
              {whole, 1, 2, 5},
              {wait, 0, 250, 120},
              {attest, 2, 0, 2}}),
      script({{offer, 0, 3, 0},
              {offer, 16, 3, 0},
              {offer, 0, 4, 0},
              {subscribe, 0, 1, 0},
              {chunk, 16, 3, 0},
              {chunk, 0, 250, 250},
              {wait, 0, 100, 1},
              {subscribe, 0, 0, 0},
              {wait, 0, 100, 1},
              {offer, 0, 3, 2}}),
      // More than is taken, and more than was said.
      script({{whole, 0, 7, 100},
              {wait, 0, 200, 20},
              {offer, 0, 4, 0},
              {chunk, 0, 132, 0},
              {chunk, 0, 132, 32},
              {chunk, 0, 132, 64},
              {chunk, 0, 132, 96},
              {chunk, 0, 132, 128},
              {chunk, 0, 132, 160},
              {chunk, 0, 132, 192},
              {chunk, 0, 132, 224},
              {wait, 0, 100, 1},
              {ending, 0, 1, 0}}),
  };
  std::size_t number = 0;
  for (const std::string& one : scripts) write(folder, number++, one);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_corpus FOLDER\n";
    return 2;
  }
  write_frames(std::filesystem::path(argv[1]) / "frames");
  write_yjs(std::filesystem::path(argv[1]) / "yjs");
  write_packs(std::filesystem::path(argv[1]) / "packs");
  write_snapshots(std::filesystem::path(argv[1]) / "snapshots");
  return 0;
}
