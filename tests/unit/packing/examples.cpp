#include "examples.hpp"

#include "weir/packing/header.hpp"
#include "weir/packing/numbers.hpp"

namespace weir::packing {
namespace {

ProducerId producer(std::size_t number) {
  ProducerId id;
  const Digest digest = sha256("producer " + std::to_string(number));
  std::memcpy(id.bytes.data(), digest.bytes.data(), id.bytes.size());
  return id;
}

/// Puts payloads into records of one producer, five a second.
std::vector<Record> records_of(const std::vector<std::string>& payloads) {
  std::vector<Record> records;
  for (const std::string& payload : payloads) {
    const std::uint64_t number = records.size() + 1;
    records.push_back({{number}, producer(1), {number}, {1'750'000'000 + number / 5}, {0}, SharedBytes::copy(payload)});
  }
  return records;
}

std::vector<Record> loro(std::size_t count) {
  std::vector<std::string> payloads;
  for (std::size_t i = 0; i < count; ++i) {
    std::string rest("\0\4\x41", 3);
    put_varint(rest, 1000 + i);
    rest += std::string("\1\1\x10\1", 4) + "peer....text";
    put_varint(rest, 2 * (4000 + i));
    rest.push_back("to be or not to be, that "[i % 25]);
    payloads.push_back(loro_payload(rest));
  }
  payloads[count / 2].back() ^= 1;  // its checksum is wrong: kept as it is
  payloads.push_back(std::string("loro\0\0\0\0", 8));
  return records_of(payloads);
}

std::vector<Record> automerge(std::size_t count) {
  std::vector<std::string> payloads;
  std::vector<Digest> hashes;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<Digest> dependencies;
    if (i > 0) dependencies.push_back(hashes[i - 1]);
    if (i > 70 && i % 10 == 0) dependencies.push_back(hashes[i - 70]);  // too long ago to be remembered
    if (i % 17 == 3) dependencies.push_back(hashes[i - 3]);
    std::string rest = "actor...........";
    put_varint(rest, 200 + i);
    rest.push_back("something that is typed "[i % 24]);
    Digest hash;
    payloads.push_back(automerge_payload(dependencies, rest, hash));
    hashes.push_back(hash);
  }
  payloads[5][4] ^= 1;  // the hash it says is wrong
  return records_of(payloads);
}

/// Measurements: eight bytes of a double each, and a counter.
std::vector<Record> fixed_layout(std::size_t count) {
  std::vector<std::string> payloads;
  std::mt19937_64 random(7);
  for (std::size_t i = 0; i < count; ++i) {
    std::string payload = random_bytes(5, random);
    put_little_endian(payload, static_cast<std::uint32_t>(i * 3 + 0x80808080U));
    put_little_endian(payload, static_cast<std::uint32_t>(i * i));
    payloads.push_back(payload);
  }
  return records_of(payloads);
}

std::vector<Record> encrypted(std::size_t count) {
  std::vector<std::string> payloads;
  std::mt19937_64 random(8);
  for (std::size_t i = 0; i < count; ++i) payloads.push_back(random_bytes(40 + random() % 200, random));
  return records_of(payloads);
}

/// Values at the ends of what their types hold.
std::vector<Record> extremes() {
  constexpr std::uint64_t most = ~std::uint64_t{0};
  return {{{1}, producer(1), {most}, {most}, {0xFFFFFFFF}, {}},
          {{2}, producer(2), {0}, {0}, {0}, SharedBytes::copy(std::string(300, '\xFF'))},
          {{most / 2}, {}, {1}, {most / 2}, {most}, SharedBytes::copy(std::string("\x80\x00\xFF\x7F", 4))},
          {{most}, producer(1), {0}, {1}, {1}, SharedBytes::copy("\x80")}};
}

}  // namespace

Digest Example::chain_start() { return sha256("the chain value before"); }

Digest Example::chain() const {
  Digest chain = chain_start();
  for (const Record& record : records)
    chain = chain_next(chain, record.producer, record.sequence, record.codec, record.payload.view());
  return chain;
}

std::string random_bytes(std::size_t count, std::mt19937_64& random) {
  std::string bytes;
  while (bytes.size() < count) bytes.push_back(static_cast<char>(random()));
  return bytes;
}

std::string loro_payload(const std::string& rest) {
  std::string payload("loro\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  put_little_endian(payload, checksum(rest, 0x4F524F4C));
  return payload + rest;
}

std::string automerge_payload(const std::vector<Digest>& dependencies, const std::string& rest, Digest& hash) {
  std::string body;
  put_varint(body, dependencies.size());
  for (const Digest& dependency : dependencies) body += dependency.view();
  body += rest;
  std::string chunk = "\1";
  put_varint(chunk, body.size());
  chunk += body;
  hash = sha256(chunk);
  return "\x85\x6F\x4A\x83" + std::string(hash.view().substr(0, 4)) + chunk;
}

std::vector<Record> typing(std::size_t count, std::size_t producers, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<Record> records;
  std::vector<std::uint64_t> clocks(producers);
  std::vector<std::uint64_t> sequences(producers);
  std::size_t author = 0;
  std::uint64_t offset = 40;
  std::uint64_t time = 1'750'000'000;
  std::uint64_t origin = 0;
  while (records.size() < count) {
    if (random() % 20 == 0) author = random() % producers;
    const std::string text =
        random() % 30 == 0 ? std::string(random() % 40, 'p') : std::string(1, static_cast<char>('a' + random() % 26));
    std::string payload("\1\1", 2);
    put_varint(payload, 2'718'281'828 + author * 314'159);
    put_varint(payload, clocks[author]);
    payload.push_back('\x84');
    put_varint(payload, 2'718'281'828 + author * 314'159);
    put_varint(payload, random() % 50 == 0 ? origin / 2 : origin);
    put_varint(payload, text.size());
    payload += text;
    payload.push_back('\0');
    origin = clocks[author];
    clocks[author] += text.size();
    offset += random() % 10 == 0 ? 1 + random() % 9 : 1;
    time += random() % 5 == 0 ? 1 : 0;
    records.push_back({{offset}, producer(author), {++sequences[author]}, {time}, {16}, SharedBytes::copy(payload)});
  }
  return records;
}

std::vector<Record> anything(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  const auto number = [&] { return random() >> random() % 64; };
  std::vector<Record> records;
  std::vector<std::string> said = {""};
  std::uint64_t offset = 0;
  while (records.size() < count) {
    std::string payload = said[random() % said.size()];
    switch (random() % 6) {
      case 0: payload = random_bytes(random() % 60, random); break;
      case 1: put_varint(payload, number()); break;
      case 2: payload += "text"; break;
      case 3: payload = loro_payload(payload); break;
      case 4:
        if (!payload.empty()) payload[random() % payload.size()] = static_cast<char>(random());
        break;
      default: break;
    }
    payload.resize(std::min<std::size_t>(payload.size(), 2000));
    said.push_back(payload);
    offset += 1 + (number() >> 12) / count;
    records.push_back(
        {{offset}, producer(random() % 5), {number()}, {number()}, {number()}, SharedBytes::copy(payload)});
  }
  return records;
}

std::vector<Example> examples() {
  return {{"one record", typing(1, 1, 1)},
          {"one empty record", records_of({""})},
          {"typing", typing(120, 1, 1)},
          {"two authors", typing(150, 2, 2)},
          {"loro", loro(60)},
          {"automerge", automerge(90)},
          {"fixed layout", fixed_layout(50)},
          {"encrypted", encrypted(12)},
          {"extremes", extremes()},
          {"anything", anything(80, 3)}};
}

}  // namespace weir::packing
