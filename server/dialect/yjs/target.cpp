#include "weir/yjs/target.hpp"

#include <optional>

namespace weir::yjs {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

// The value of the first `token` parameter; "" without one.
std::optional<std::string> token_of(std::string_view query) {
  constexpr std::string_view name = "token=";
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    if (parameter.starts_with(name)) return percent_decode(parameter.substr(name.size()));
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  return std::string();
}

}  // namespace

Result<Target> parse_target(std::string_view request_target) {
  constexpr std::string_view prefix = "/yjs/";
  const std::size_t question = request_target.find('?');
  std::string_view path = request_target.substr(0, question);
  const std::string_view query =
      question == std::string_view::npos ? std::string_view() : request_target.substr(question + 1);
  const std::size_t slash = path.find('/', prefix.size());
  if (!path.starts_with(prefix) || slash == std::string_view::npos)
    return fail(Code::invalid_argument, "y-websocket clients connect to /yjs/<space>/<room>");
  const auto space_text = percent_decode(path.substr(prefix.size(), slash - prefix.size()));
  const auto room_text = percent_decode(path.substr(slash + 1));
  const auto token = token_of(query);
  if (!space_text || !room_text || !token)
    return fail(Code::invalid_argument, "the address has a % that is not followed by two hexadecimal digits");
  const auto space = SpaceName::parse(*space_text);
  if (!space) return space.error();
  const auto room = DocumentName::parse(*room_text);
  if (!room) return room.error();
  return Target{{*space, *room}, *token};
}

}  // namespace weir::yjs
