#include "weir/packing/elision.hpp"

#include <algorithm>

#include "weir/packing/header.hpp"

namespace weir::packing {
namespace {

constexpr std::string_view loro_start("loro\0\0\0\0\0\0\0\0\0\0\0\0", 16);
constexpr std::size_t loro_dropped = 20;
constexpr std::uint32_t loro_seed = 0x4F524F4C;
constexpr std::string_view automerge_magic("\x85\x6F\x4A\x83", 4);
constexpr std::size_t automerge_dropped = 8;
constexpr std::size_t hash_bytes = 32;

std::string loro_checksum(std::string_view rest) {
  std::string bytes;
  put_little_endian(bytes, checksum(rest, loro_seed));
  return bytes;
}

}  // namespace

std::size_t RecentHashes::distance(std::string_view digest) const {
  for (std::size_t back = 1; back <= std::min(count_, kept); ++back)
    if (at(back)->view() == digest) return back;
  return 0;
}

const Digest* RecentHashes::at(std::size_t distance) const {
  if (distance == 0 || distance > std::min(count_, kept)) return nullptr;
  return &digests_[(count_ - distance) % kept];
}

Elided Elider::drop(std::string_view payload, std::string& references) {
  if (payload.size() > loro_dropped && payload.starts_with(loro_start)) {
    const std::string_view rest = payload.substr(loro_dropped);
    if (payload.substr(loro_start.size(), 4) == loro_checksum(rest)) return {Form::loro, rest};
  }
  if (payload.size() > automerge_dropped && payload.starts_with(automerge_magic)) {
    const std::string_view rest = payload.substr(automerge_dropped);
    const Digest digest = sha256(rest);
    if (payload.substr(4, 4) == digest.view().substr(0, 4) && drop_dependencies(rest, references)) {
      recent_.add(digest);
      return {Form::automerge, bytes_};
    }
  }
  return {Form::plain, payload};
}

/// `rest` is: type, varint, varint count, count × 32 bytes, and more.
bool Elider::drop_dependencies(std::string_view rest, std::string& references) {
  ByteReader reader(rest);
  (void)reader.byte();
  (void)reader.varint();
  const std::uint64_t count = reader.varint();
  if (!reader.ok() || count > RecentHashes::kept || count * hash_bytes > reader.left()) return false;
  bytes_.assign(rest.substr(0, rest.size() - reader.left()));
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view dependency = reader.take(hash_bytes);
    const std::size_t distance = recent_.distance(dependency);
    put_varint(references, distance);
    if (distance == 0) bytes_ += dependency;
  }
  bytes_ += reader.take(reader.left());
  return true;
}

bool Restorer::restore(Form form, std::string_view bytes, ByteReader& references, std::size_t bytes_max,
                       std::string& out) {
  switch (form) {
    case Form::plain:
      if (bytes.size() > bytes_max) return false;
      out += bytes;
      return true;
    case Form::loro:
      if (bytes.size() + loro_dropped > bytes_max) return false;
      out += loro_start;
      out += loro_checksum(bytes);
      out += bytes;
      return true;
    case Form::automerge: return restore_automerge(bytes, references, bytes_max, out);
  }
  return false;
}

bool Restorer::restore_automerge(std::string_view bytes, ByteReader& references, std::size_t bytes_max,
                                 std::string& out) {
  ByteReader reader(bytes);
  (void)reader.byte();
  (void)reader.varint();
  const std::uint64_t count = reader.varint_up_to(RecentHashes::kept);
  if (!reader.ok() || bytes.size() + automerge_dropped > bytes_max) return false;
  const std::size_t from = out.size();
  out += automerge_magic;
  out.append(4, '\0');
  out += bytes.substr(0, bytes.size() - reader.left());
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t distance = references.varint_up_to(RecentHashes::kept);
    const Digest* known = recent_.at(distance);
    if (distance != 0 && known == nullptr) return false;
    out += distance == 0 ? reader.take(hash_bytes) : known->view();
  }
  out += reader.take(reader.left());
  if (!reader.ok() || !references.ok() || out.size() - from > bytes_max) return false;
  const Digest digest = sha256(std::string_view(out).substr(from + automerge_dropped));
  out.replace(from + 4, 4, digest.view().substr(0, 4));
  recent_.add(digest);
  return true;
}

}  // namespace weir::packing
