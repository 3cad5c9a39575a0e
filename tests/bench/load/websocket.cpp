#include "websocket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "failure.hpp"
#include "process.hpp"

namespace weir::bench {
namespace {

constexpr std::size_t frame_bytes_max = 64 << 20;

std::string reason(int error) { return std::generic_category().message(error); }

int connect_to(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (descriptor < 0 || ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("cannot connect to 127.0.0.1:" + std::to_string(port) + ": " + reason(errno));
  }
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

}  // namespace

WebSocketClient::WebSocketClient(const Target& target, Listener& listener)
    : listener_(listener),
      descriptor_(connect_to(target.port)),
      mask_(0x9E3779B9u * static_cast<unsigned>(descriptor_)) {
  out_ = "GET " + target.path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(target.port) +
         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: d2Vpci1iZW5jaC1jbGllbg==\r\n";
  if (!target.subprotocol.empty()) out_ += "Sec-WebSocket-Protocol: " + target.subprotocol + "\r\n";
  out_ += "\r\n";
  flush();
}

WebSocketClient::~WebSocketClient() { ::close(descriptor_); }

void WebSocketClient::put(unsigned char opcode, std::string_view head, std::string_view tail) {
  const std::size_t size = head.size() + tail.size();
  out_.push_back(static_cast<char>(0x80 | opcode));
  if (size < 126) {
    out_.push_back(static_cast<char>(0x80 | size));
  } else if (size <= 0xFFFF) {
    out_.push_back(static_cast<char>(0x80 | 126));
    out_.push_back(static_cast<char>(size >> 8));
    out_.push_back(static_cast<char>(size & 0xFF));
  } else {
    out_.push_back(static_cast<char>(0x80 | 127));
    for (int shift = 56; shift >= 0; shift -= 8) out_.push_back(static_cast<char>(size >> shift & 0xFF));
  }
  mask_ = mask_ * 1'664'525u + 1'013'904'223u;  // servers must unmask, so they get something to do
  char key[4];
  std::memcpy(key, &mask_, sizeof key);
  out_.append(key, sizeof key);
  const std::size_t begin = out_.size();
  out_.append(head).append(tail);
  for (std::size_t i = 0; i < size; ++i) out_[begin + i] = static_cast<char>(out_[begin + i] ^ key[i & 3]);
}

bool WebSocketClient::flush() {
  while (written_ < out_.size()) {
    const ssize_t count =
        ::send(descriptor_, out_.data() + written_, out_.size() - written_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
    if (count < 0) fail("the server closed a connection: " + reason(errno));
    written_ += static_cast<std::size_t>(count);
  }
  out_.clear();
  written_ = 0;
  return true;
}

void WebSocketClient::read(std::span<char> scratch) {
  const ssize_t count = ::recv(descriptor_, scratch.data(), scratch.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
  if (count <= 0) fail("the server closed a connection" + (count < 0 ? ": " + reason(errno) : std::string()));
  const std::string_view bytes(scratch.data(), static_cast<std::size_t>(count));
  listener_.at(now_nanoseconds());
  if (in_.empty()) return take(bytes);
  std::string joined = std::move(in_);
  in_.clear();
  joined.append(bytes);
  take(joined);
}

/// Handles all that is complete and keeps the rest.
void WebSocketClient::take(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t used = open_ ? take_frame(bytes) : take_upgrade(bytes);
    if (used == 0) break;
    bytes.remove_prefix(used);
  }
  in_.assign(bytes);
}

std::size_t WebSocketClient::take_upgrade(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  if (!bytes.starts_with("HTTP/1.1 101")) {
    fail("the server refused the WebSocket: " + std::string(bytes.substr(0, bytes.find('\r'))));
  }
  open_ = true;
  listener_.opened();
  return end + 4;
}

/// Returns the bytes used; 0 when the frame is not complete.
std::size_t WebSocketClient::take_frame(std::string_view bytes) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  if (bytes.size() < 2) return 0;
  std::size_t size = byte(1) & 0x7F;
  const std::size_t extended = size == 126 ? 2 : size == 127 ? 8 : 0;
  const std::size_t header = 2 + extended;
  if (bytes.size() < header) return 0;
  if (extended > 0) {
    size = 0;
    for (std::size_t i = 2; i < header; ++i) size = size << 8 | byte(i);
  }
  if (size > frame_bytes_max) fail("the server sent a message of " + std::to_string(size) + " bytes");
  if (bytes.size() < header + size) return 0;
  const std::string_view payload = bytes.substr(header, size);
  switch (byte(0)) {
    case 0x82: listener_.message(payload); break;
    case 0x89:
      put(0xA, payload, {});
      flush();
      break;
    case 0x8A: break;
    case 0x88: fail("the server ended a connection: " + std::string(payload.size() > 2 ? payload.substr(2) : payload));
    default: fail("the server sent a frame that begins with byte " + std::to_string(byte(0)) + ", which is unexpected");
  }
  return header + size;
}

}  // namespace weir::bench
