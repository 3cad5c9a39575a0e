#include "weir/web/asset.hpp"

#include <algorithm>

#include "weir/web/table.hpp"

namespace weir::web {
namespace {

constexpr std::string_view index_page = "/index.html";

bool is_editor_address(std::string_view path) { return path == "/" || path.starts_with("/d/"); }

}  // namespace

std::optional<Asset> find(std::string_view path) {
  const std::string_view wanted = is_editor_address(path) ? index_page : path;
  const auto entries = table();
  const auto found = std::ranges::lower_bound(entries, wanted, {}, &Entry::path);
  if (found == entries.end() || found->path != wanted) return std::nullopt;
  return found->asset;
}

}  // namespace weir::web
