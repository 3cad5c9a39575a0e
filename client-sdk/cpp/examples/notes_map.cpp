#include "notes_map.hpp"

#include <cstdint>

namespace notes {
namespace {

// version 1 | clock 8, big-endian | replica 16 | kind 1 | length of name 2, big-endian | name | text
constexpr std::size_t clock_at = 1;
constexpr std::size_t kind_at = 25;
constexpr std::size_t name_at = 28;
constexpr char version = 1;
constexpr char removed = 0;
constexpr char present = 1;
constexpr std::uint64_t clock_max = (1ULL << 53) - 1;  // what a number of JavaScript holds exactly

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

void put_big_endian(std::uint64_t value, int bytes, std::string& out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

/// How long the character at the beginning is; 0 when it is none (too long a form and surrogates are none).
std::size_t character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  std::uint32_t value = first & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) != 0x80) return 0;
    value = value << 6 | (byte & 0x3f);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  return value < least[size] || value > 0x10ffff || surrogate ? 0 : size;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = character(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::uint64_t clock_of(std::string_view delta) { return big_endian(delta.substr(clock_at, 8)); }

std::optional<Write> read(std::string_view delta) {
  if (delta.size() <= name_at || delta[0] != version) return std::nullopt;
  const char kind = delta[kind_at];
  const std::size_t length = big_endian(delta.substr(kind_at + 1, 2));
  if (length == 0 || delta.size() < name_at + length) return std::nullopt;
  const std::string_view name = delta.substr(name_at, length);
  const std::string_view text = delta.substr(name_at + length);
  if (clock_of(delta) > clock_max || !is_utf8(name) || !is_utf8(text)) return std::nullopt;
  if (kind == removed && text.empty()) return Write{std::string(name), std::nullopt};
  if (kind == present) return Write{std::string(name), std::string(text)};
  return std::nullopt;
}

}  // namespace

std::optional<std::string> NotesMap::write(std::string_view name, const Text& text) const {
  const auto newest = newest_.find(name);
  const std::uint64_t clock = newest == newest_.end() ? 1 : clock_of(newest->second) + 1;
  std::string delta(1, version);
  put_big_endian(clock, 8, delta);
  delta.append(replica_.data(), replica_.size());
  delta += text ? present : removed;
  put_big_endian(name.size(), 2, delta);
  delta += name;
  delta += text.value_or("");
  if (name.size() > 0xffff || !read(delta)) return std::nullopt;
  return delta;
}

std::optional<Write> NotesMap::apply(std::string_view delta) {
  std::optional<Write> write = read(delta);
  if (!write) return std::nullopt;
  std::string& newest = newest_[write->name];
  if (delta <= newest) return std::nullopt;
  newest = delta;
  return write;
}

std::vector<Write> NotesMap::all() const {
  std::vector<Write> all;
  for (const auto& [name, delta] : newest_)
    if (Write write = *read(delta); write.text) all.push_back(std::move(write));
  return all;
}

std::vector<std::string> NotesMap::deltas() const {
  std::vector<std::string> all;
  for (const auto& [name, delta] : newest_) all.push_back(delta);
  return all;
}

}  // namespace notes
