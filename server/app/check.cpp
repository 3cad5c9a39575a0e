#include "weir/app/check.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
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

using boost::asio::ip::tcp;

/// Takes the address, as long as `acceptor` lives.
Result<void> take(tcp::acceptor& acceptor, const std::string& text, const std::string& flag) {
  const auto address = parse_address(text);
  if (!address) return address.error();
  boost::system::error_code error;
  const tcp::endpoint endpoint(boost::asio::ip::make_address(address->host, error), address->port);
  if (!error) acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  if (!error) return {};
  return fail(Code::unavailable, "cannot listen on " + text + ": " + error.message() +
                                     ". Is another weir running? Choose another address with " + flag);
}

}  // namespace

Result<void> check_addresses(const config::Settings& settings) {
  boost::asio::io_context context;
  tcp::acceptor http(context), grpc(context);
  if (auto taken = take(http, settings.http, "--http"); !taken) return taken;
  return is_off(settings.grpc) ? Result<void>() : take(grpc, settings.grpc, "--grpc, or none with --grpc off");
}

Result<void> check(const config::Settings& settings) {
  if (auto allowed = check_exposure(settings); !allowed) return allowed;
  const auto kept = retentions(settings);
  return kept ? Result<void>() : kept.error();
}

}  // namespace weir::app
