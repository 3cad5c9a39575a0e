// Which weir this is.
#pragma once

#include <string_view>

namespace weir::app {

inline constexpr std::string_view version = WEIR_VERSION;

}  // namespace weir::app
