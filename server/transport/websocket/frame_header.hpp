// The header of an unmasked, unfragmented, binary WebSocket frame, as a server sends it (RFC 6455, 5.2).
//
//    byte 0      0x82: FIN, opcode binary
//    byte 1      length below 126, or 126: two more bytes, or 127: eight more, big-endian
//
// Threads: pure function.
#pragma once

#include <cstdint>
#include <string>

namespace weir::websocket {

inline void append_binary_header(std::uint64_t payload_bytes, std::string& out) {
  out.push_back(static_cast<char>(0x82));
  int more = 0;
  if (payload_bytes < 126) {
    out.push_back(static_cast<char>(payload_bytes));
  } else if (payload_bytes <= 0xffff) {
    out.push_back(static_cast<char>(126));
    more = 2;
  } else {
    out.push_back(static_cast<char>(127));
    more = 8;
  }
  while (more-- > 0) out.push_back(static_cast<char>((payload_bytes >> (8 * more)) & 0xff));
}

}  // namespace weir::websocket
