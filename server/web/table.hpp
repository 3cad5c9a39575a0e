// What the build hands to asset.cpp: a sorted table of what was embedded. Private to this module.
// With WEIR_WEB=ON, embed.mjs writes the source that defines it; with OFF, without_page.cpp.in does.
#pragma once

#include <span>
#include <string_view>

#include "weir/web/asset.hpp"

namespace weir::web {

struct Entry {
  std::string_view path;  ///< from the root, with its slash: "/index.html"
  Asset asset;
};

/// Sorted by path.
[[nodiscard]] std::span<const Entry> table();

}  // namespace weir::web
