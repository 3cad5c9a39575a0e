#include "weir/http/guard.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace weir::http {

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

/// "name:port" -> "name", "[::1]:80" -> "::1".
std::string_view without_port(std::string_view host) {
  if (!host.empty() && host.front() == '[') {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  const std::size_t colon = host.find(':');
  if (colon != host.rfind(':')) return host;  // a bare IPv6 address
  return host.substr(0, colon);
}

bool is_loopback(const std::string& name) {
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(name, error);
  return !error && address.is_loopback();
}

/// Quotes what a stranger sent: short, and without control characters.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text.substr(0, 100)) result.push_back(c >= ' ' && c < 0x7f && c != '"' ? c : '?');
  return result + "\"";
}

bool contains(const std::vector<std::string>& list, std::string_view wanted) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& entry) { return entry == "*" || lower(entry) == wanted; });
}

}  // namespace

Result<void> Guard::check_host(std::string_view host) const {
  const std::string name = lower(without_port(host));
  if (is_loopback(name) || contains(options_.hosts, name)) return {};
  return fail(Code::permission_denied,
              "this relay does not answer to the name " + quoted(host) +
                  ": a web page may have pointed that name here. If it is yours, list it in access.hosts");
}

Result<void> Guard::check_origin(std::string_view origin, std::string_view host) const {
  if (origin.empty()) return {};
  const std::string page = lower(origin);
  if (contains(options_.origins, page)) return {};
  const std::size_t scheme = page.find("://");
  if (scheme != std::string::npos && page.substr(scheme + 3) == lower(host)) return {};
  return fail(
      Code::permission_denied,
      "pages of " + quoted(origin) + " may not use this relay. If they should, list that origin in access.origins");
}

}  // namespace weir::http
