#include "weir/app/health.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdio>
#include <istream>
#include <iterator>
#include <string>

#include "weir/app/limits.hpp"

namespace weir::app {

namespace {

constexpr std::chrono::seconds patience{5};

struct Answer {
  int status = 0;
  std::string body;
};

Result<Answer> ask(const Address& address, const std::string& path) {
  namespace ip = boost::asio::ip;
  auto where = ip::make_address(address.host);
  if (where.is_unspecified())
    where = where.is_v6() ? ip::address(ip::address_v6::loopback()) : ip::address(ip::address_v4::loopback());
  ip::tcp::iostream stream;
  stream.expires_after(patience);
  stream.connect(ip::tcp::endpoint(where, address.port));
  const std::string place = where.to_string() + ":" + std::to_string(address.port);
  if (!stream) return fail(Code::unavailable, "nothing answers at " + place + ": " + stream.error().message());
  // Written by hand: HTTP/1.0 with a name that every relay answers to; the end of the connection is the end of it.
  stream << "GET " << path << " HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n" << std::flush;
  Answer answer;
  std::string protocol;
  stream >> protocol >> answer.status;
  for (std::string line; std::getline(stream, line) && line != "\r";) {
  }
  answer.body.assign(std::istreambuf_iterator<char>(stream), {});
  if (answer.status == 0) return fail(Code::unavailable, "what listens at " + place + " is no relay, or is stuck");
  return answer;
}

}  // namespace

int health(const config::Settings& settings) {
  const auto address = parse_address(settings.http);
  const auto answer = address ? ask(*address, "/readyz") : Result<Answer>(address.error());
  if (!answer) {
    std::fprintf(stderr, "weir: %s\n", answer.error().message.c_str());
    return 1;
  }
  std::fputs(answer->body.c_str(), answer->status == 200 ? stdout : stderr);
  return answer->status == 200 ? 0 : 1;
}

}  // namespace weir::app
