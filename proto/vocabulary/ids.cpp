#include "weir/vocabulary/ids.hpp"

#include <algorithm>

#include "weir/vocabulary/digest.hpp"

namespace weir {
namespace {

// One code point of well-formed UTF-8 at the front of `text` (Unicode 15, table 3-7): its length, or 0 when malformed.
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t i, unsigned low, unsigned high) {
    return i < text.size() && at(i) >= low && at(i) <= high;
  };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1, 0x80, 0xBF) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return follows(1, low, high) && follows(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2, 0x80, 0xBF) && follows(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

bool is_control(std::string_view text, std::size_t length) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (length == 1) return first < 0x20 || first == 0x7F;
  return length == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;  // U+0080 to U+009F
}

Result<void> check_name(std::string_view text, std::size_t bytes_max, std::string_view kind) {
  const std::string what(kind);
  if (text.empty())
    return fail(Code::invalid_argument, what + " name is empty; give it 1 to " + std::to_string(bytes_max) + " bytes");
  if (text.size() > bytes_max)
    return fail(Code::invalid_argument, what + " name has " + std::to_string(text.size()) + " bytes; at most " +
                                            std::to_string(bytes_max) + " are allowed");
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return fail(Code::invalid_argument, what + " name is not valid UTF-8");
    if (is_control(text, length))
      return fail(Code::invalid_argument, what + " name has a control character; use printable text");
    text.remove_prefix(length);
  }
  return {};
}

}  // namespace

Result<ProducerId> ProducerId::parse(std::string_view raw) {
  ProducerId id;
  if (raw.size() != id.bytes.size())
    return fail(Code::invalid_argument, "producer id has " + std::to_string(raw.size()) + " bytes; it must have 16");
  std::memcpy(id.bytes.data(), raw.data(), raw.size());
  if (id == ProducerId{})
    return fail(Code::invalid_argument, "producer id is all zero; choose 16 random bytes and keep them");
  return id;
}

std::string ProducerId::hex() const { return to_hex(view()); }

template <>
Result<SpaceName> SpaceName::parse(std::string_view text) {
  if (auto checked = check_name(text, space_name_bytes_max, "space"); !checked) return checked.error();
  return SpaceName(text);
}

template <>
Result<DocumentName> DocumentName::parse(std::string_view text) {
  if (auto checked = check_name(text, document_name_bytes_max, "document"); !checked) return checked.error();
  return DocumentName(text);
}

}  // namespace weir
