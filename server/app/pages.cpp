#include "weir/app/pages.hpp"

#include "weir/web/asset.hpp"

namespace weir::app {

namespace {

/// Whether a comma-separated header names `wanted`, parameters and weak marks aside.
bool lists(std::string_view header, std::string_view wanted) {
  while (!header.empty()) {
    std::string_view entry = header.substr(0, header.find(','));
    header.remove_prefix(std::min(entry.size() + 1, header.size()));
    const std::size_t begin = entry.find_first_not_of(" \t");
    if (begin == std::string_view::npos) continue;
    entry.remove_prefix(begin);
    const std::size_t parameters = entry.find(';');
    if (parameters != std::string_view::npos && entry.substr(parameters).find("q=0") != std::string_view::npos &&
        entry.substr(parameters).find("q=0.") == std::string_view::npos) {
      continue;  // ";q=0": anything but this
    }
    entry = entry.substr(0, parameters);
    entry = entry.substr(0, entry.find_last_not_of(" \t") + 1);
    if (entry.starts_with("W/")) entry.remove_prefix(2);
    if (entry == wanted || entry == "*") return true;
  }
  return false;
}

}  // namespace

std::optional<http::Reply> page_reply(const http::Request& request) {
  const auto asset = web::find(request.target.path);
  if (!asset) return std::nullopt;
  const bool zipped = !asset->gzip.empty() && lists(request.accept_encoding, "gzip");
  const std::string_view etag = zipped ? asset->gzip_etag : asset->etag;
  http::Reply reply;
  reply.content_type = asset->content_type;
  reply.headers.emplace_back("ETag", etag);
  reply.headers.emplace_back("Cache-Control", web::cache_control(*asset));
  reply.headers.emplace_back("Vary", "Accept-Encoding");
  for (const web::Header& header : web::security_headers) reply.headers.emplace_back(header.name, header.value);
  if (lists(request.if_none_match, etag)) {
    reply.status = 304;
    return reply;
  }
  if (zipped) reply.headers.emplace_back("Content-Encoding", "gzip");
  reply.static_body = zipped ? asset->gzip : asset->bytes;
  return reply;
}

}  // namespace weir::app
