#include "weir/http/routes.hpp"

#include <set>

namespace weir::http {

namespace {

/// The raw text of each {} when the path fits the pattern.
std::optional<std::vector<std::string_view>> match(const std::vector<std::string_view>& path,
                                                   const std::vector<std::string_view>& pattern) {
  if (path.size() != pattern.size()) return std::nullopt;
  std::vector<std::string_view> captures;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (pattern[i] == "{}") {
      captures.push_back(path[i]);
    } else if (path[i] != pattern[i]) {
      return std::nullopt;
    }
  }
  return captures;
}

Result<std::vector<std::string>> decode_all(const std::vector<std::string_view>& raw) {
  std::vector<std::string> decoded;
  for (const std::string_view part : raw) {
    auto text = percent_decode(part);
    if (!text) return text.error();
    decoded.push_back(std::move(*text));
  }
  return decoded;
}

}  // namespace

void Routes::add(std::string method, std::string pattern, Handler handler) {
  routes_.push_back({std::move(method), std::move(pattern), std::move(handler)});
}

void Routes::serve(Request& request, const Respond& respond) const {
  const auto path = request.target.segments();
  std::set<std::string> allowed;
  for (const Route& route : routes_) {
    const auto captures = match(path, Target{route.pattern, {}}.segments());
    if (!captures) continue;
    allowed.insert(route.method);
    if (route.method != request.method) continue;
    auto decoded = decode_all(*captures);
    if (!decoded) return respond(error_reply(decoded.error()));
    request.captures = std::move(*decoded);
    return route.handler(request, respond);
  }
  if (fallback_ && request.method == "GET") {
    if (auto reply = fallback_(request)) return respond(std::move(*reply));
  }
  if (allowed.empty()) return respond(not_found(request));
  std::string list;
  for (const std::string& method : allowed) list += (list.empty() ? "" : ", ") + method;
  Reply reply = error_reply(405, fail(Code::unimplemented, "this address takes " + list));
  reply.headers.emplace_back("Allow", allowed.contains("GET") ? list + ", HEAD" : list);
  respond(std::move(reply));
}

Reply Routes::not_found(const Request& request) const {
  std::string list;
  for (const Route& route : routes_) list += (list.empty() ? "" : ", ") + route.method + " " + route.pattern;
  return error_reply(fail(Code::not_found, "there is nothing at " + request.target.path.substr(0, 200) +
                                               ". There is: " + list + ". A slash inside a name is written %2F"));
}

}  // namespace weir::http
