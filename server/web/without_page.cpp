// The table of a build without the editor (WEIR_WEB=OFF): one page that says how to get it.
#include <array>

#include "weir/web/table.hpp"

namespace weir::web {
namespace {

constexpr std::string_view page = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>weir</title>
<h1>weir is running</h1>
<p>This binary was built without the demo editor. To have it here, install Node.js 18 or newer and build again:</p>
<pre>cmake --preset release -DWEIR_WEB=ON
cmake --build --preset release</pre>
<p>The relay itself works: connect a native client to <code>/v1/sync</code>, or an unmodified y-websocket client to
<code>/yjs/&lt;space&gt;</code>.</p>
</html>
)";

constexpr std::array<Entry, 1> entries{{
    {"/index.html", {"text/html; charset=utf-8", page, {}, "\"without-editor-1\"", "\"without-editor-1-gzip\"", false}},
}};

}  // namespace

std::span<const Entry> table() { return entries; }

}  // namespace weir::web
