// Which handler serves which address.
//
//   Routes routes;
//   routes.add("GET", "/v1/spaces/{}/documents", handler);      // each {} is one segment, decoded once
//   routes.fallback([](const Request& r) -> std::optional<Reply> {...});       // tried for GET before giving up
//
// A name that contains a slash is one segment when the slash is encoded (%2F). Threads: filled at start, then constant.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/http/message.hpp"

namespace weir::http {

class Routes {
 public:
  using Fallback = std::function<std::optional<Reply>(const Request&)>;

  void add(std::string method, std::string pattern, Handler handler);
  void fallback(Fallback fallback) { fallback_ = std::move(fallback); }
  /// Calls the handler; answers 404 with what there is, 405 with what is allowed, 400 for a bad encoding.
  void serve(Request& request, const Respond& respond) const;

 private:
  struct Route {
    std::string method;
    std::string pattern;
    Handler handler;
  };
  [[nodiscard]] Reply not_found(const Request& request) const;

  std::vector<Route> routes_;
  Fallback fallback_;
};

}  // namespace weir::http
