// WebSocket close codes (RFC 6455, 7.4.1), used for every transport.
#pragma once

#include <cstdint>

namespace weir::core {

inline constexpr std::uint16_t close_going_away = 1001;
inline constexpr std::uint16_t close_protocol_error = 1002;
inline constexpr std::uint16_t close_policy = 1008;

}  // namespace weir::core
