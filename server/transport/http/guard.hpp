// Which requests a relay on somebody's own machine may trust to come from where they seem to.
//
// Any web page can make a browser send requests to localhost, and open WebSockets to it. Two headers tell: Host names
// the server the page meant (a rebound DNS name shows there), Origin names the page.
//
//   Guard guard({.hosts = {"notes.example"}, .origins = {"https://app.example"}});
//   guard.check_host("localhost:8787");                              // fine: loopback
//   guard.check_origin("https://evil.example", "localhost:8787");    // PERMISSION_DENIED
//
// Threads: immutable.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weir/vocabulary/error.hpp"

namespace weir::http {

struct GuardOptions {
  /// Names beside the loopback ones, without a port; "*" allows any.
  std::vector<std::string> hosts = {};
  /// Whole origins, as a browser sends them ("https://app.example"); "*" allows any.
  std::vector<std::string> origins = {};
};

class Guard {
 public:
  explicit Guard(GuardOptions options) : options_(std::move(options)) {}
  /// PERMISSION_DENIED unless `host` (with or without a port) is a loopback name or address, or configured.
  [[nodiscard]] Result<void> check_host(std::string_view host) const;
  /// For upgrades and whatever changes something: PERMISSION_DENIED unless `origin` is empty, names `host`, or is
  /// configured.
  [[nodiscard]] Result<void> check_origin(std::string_view origin, std::string_view host) const;

 private:
  const GuardOptions options_;
};

}  // namespace weir::http
