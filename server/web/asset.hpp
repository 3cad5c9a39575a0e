// The pages inside the binary: the demo editor and what it loads, built by Vite and embedded when weir is compiled.
// A table of bytes and nothing else: it knows no HTTP library, opens no file and needs no network.
//
//   if (auto asset = web::find("/d/demo/shopping-list")) {            // the path as sent, without "?query"
//     const bool zipped = !asset->gzip.empty() && accepts_gzip;       // then also send Content-Encoding: gzip
//     send(zipped ? asset->gzip : asset->bytes, asset->content_type, zipped ? asset->gzip_etag : asset->etag,
//          web::cache_control(*asset));                               // and always Vary: Accept-Encoding
//     for (const web::Header& header : web::security_headers) send(header.name, header.value);
//   }
//
// Threads: everything here is constant; call it from anywhere.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace weir::web {

/// One file. The views are valid for as long as the process runs.
struct Asset {
  std::string_view content_type;
  std::string_view bytes;
  std::string_view gzip;       ///< the same bytes compressed; empty when that would not be smaller
  std::string_view etag;       ///< strong, with its quotes, from the SHA-256 of `bytes`
  std::string_view gzip_etag;  ///< strong validators must differ between encodings
  bool immutable = false;      ///< its name holds a hash of its contents: it may be cached for ever
};

/// The asset for a request path, or nothing (answer 404). `/` and `/d/<space>/<document>` are the editor's page: it
/// reads the document's name from its own address. Any bytes may be asked for; only exact names are found.
[[nodiscard]] std::optional<Asset> find(std::string_view path);

/// The Cache-Control value. A page is revalidated each time, so that a new binary's page is seen at once.
[[nodiscard]] constexpr std::string_view cache_control(const Asset& asset) {
  return asset.immutable ? "public, max-age=31536000, immutable" : "no-cache";
}

/// Nothing inline, nothing from elsewhere, no framing; WebSockets to any relay the page was given the address of.
inline constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self' ws: wss:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct Header {
  std::string_view name;
  std::string_view value;
};

/// Headers for every answer that carries an asset.
inline constexpr std::array<Header, 4> security_headers{{
    {"Content-Security-Policy", content_security_policy},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
}};

}  // namespace weir::web
