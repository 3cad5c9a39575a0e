// Writes protobuf's wire format: one description of a message serves to measure it and to write it.
//
//   template <class Sink> void write(Sink& out, const Pong& pong) { out.number(1, pong.nonce); }
//   ...
//   StringSink out(string);
//   out.message(5, [&](auto& body) { write(body, pong); });
//
// A message's length stands before its bytes, so StringSink runs the description once with a MeasuringSink and then
// for good; payload bytes are only counted in the first pass and copied once, in the second. Fields that have their
// default are left out, as proto3 does. Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::frames {

[[nodiscard]] constexpr std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

/// The fields that both sinks know, over `Derived`'s varint(), raw() and message().
template <class Derived>
class Fields {
 public:
  void number(std::uint32_t field, std::uint64_t value) {
    if (value == 0) return;
    self().varint(field << 3);
    self().varint(value);
  }
  void flag(std::uint32_t field, bool value) { number(field, value ? 1 : 0); }
  void fixed64(std::uint32_t field, std::uint64_t value) {
    if (value == 0) return;
    self().varint(field << 3 | 1);
    char bytes[8];
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i) & 0xFF);
    self().raw({bytes, sizeof bytes});
  }
  void bytes(std::uint32_t field, std::string_view value) {
    if (value.empty()) return;
    self().varint(field << 3 | 2);
    self().varint(value.size());
    self().raw(value);
  }

 private:
  Derived& self() { return static_cast<Derived&>(*this); }
};

/// Counts what would be written.
class MeasuringSink : public Fields<MeasuringSink> {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  void varint(std::uint64_t value) { size_ += varint_size(value); }
  void raw(std::string_view bytes) { size_ += bytes.size(); }
  template <class Body>
  void message(std::uint32_t field, const Body& body) {
    const std::size_t before = size_;
    body(*this);
    size_ += varint_size(field << 3 | 2) + varint_size(size_ - before);
  }

 private:
  std::size_t size_ = 0;
};

/// Appends to a string.
class StringSink : public Fields<StringSink> {
 public:
  explicit StringSink(std::string& out) : out_(out) {}
  void varint(std::uint64_t value) {
    char bytes[10];
    std::size_t size = 0;
    while (value >= 0x80) {
      bytes[size++] = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    bytes[size++] = static_cast<char>(value);
    out_.append(bytes, size);
  }
  void raw(std::string_view bytes) { out_.append(bytes); }
  template <class Body>
  void message(std::uint32_t field, const Body& body) {
    MeasuringSink measured;
    body(measured);
    const std::size_t needed = out_.size() + measured.size() + 16;  // and the key and length of it
    if (needed > out_.capacity()) out_.reserve(needed);
    varint(field << 3 | 2);
    varint(measured.size());
    body(*this);
  }

 private:
  std::string& out_;
};

}  // namespace weir::frames
