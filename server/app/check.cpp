#include "weir/app/check.hpp"

#include <string>

#include "weir/app/limits.hpp"
#include "weir/app/retention.hpp"

namespace weir::app {

namespace {

Result<void> check_exposure(const config::Settings& settings, const std::string& key, const std::string& text) {
  const auto address = parse_address(text);
  if (!address) return fail(address.error().code, key + " = " + address.error().message);
  if (address->loopback || settings.insecure) return {};
  return fail(
      Code::failed_precondition,
      key + " = " + text +
          " can be reached from other machines, and this relay asks nobody who they are: anyone there could read "
          "and write every document. Listen on 127.0.0.1, or, where something in front of it asks (a proxy, a "
          "private network), allow it with --insecure, or insecure = true");
}

Result<void> check_exposure(const config::Settings& settings) {
  if (auto allowed = check_exposure(settings, "http", settings.http); !allowed) return allowed;
  return is_off(settings.grpc) ? Result<void>() : check_exposure(settings, "grpc", settings.grpc);
}

}  // namespace

Result<void> check(const config::Settings& settings) {
  if (auto allowed = check_exposure(settings); !allowed) return allowed;
  const auto kept = retentions(settings);
  return kept ? Result<void>() : kept.error();
}

}  // namespace weir::app
