#include "raw_client.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <stdexcept>

namespace weir::test {

namespace net = boost::asio;
using net::ip::tcp;

namespace {
/// Only how long a broken server may hang a test.
constexpr int patience_ms = 60'000;
}  // namespace

int Frame::close_code() const {
  if (payload.size() < 2) return 1005;
  return static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
}

RawClient::RawClient(std::uint16_t port) : socket_(*context_) {
  socket_.connect(tcp::endpoint(net::ip::address_v4::loopback(), port));
  socket_.set_option(tcp::no_delay(true));
}

void RawClient::send(std::string_view bytes) {
  boost::system::error_code error;  // a server that has closed shows when it is read
  net::write(socket_, net::buffer(bytes), error);
  if (error) broken_ = true;
}

bool RawClient::fill() {
  if (ended_) return false;
  pollfd waiting{socket_.native_handle(), POLLIN, 0};
  if (poll(&waiting, 1, patience_ms) != 1) throw std::runtime_error("the server does not answer");
  std::array<char, 65536> bytes;
  boost::system::error_code error;
  const std::size_t count = socket_.read_some(net::buffer(bytes), error);
  if (error) {
    ended_ = true;
    if (error != net::error::eof) broken_ = true;
    return false;
  }
  buffer_.append(bytes.data(), count);
  return true;
}

std::string RawClient::read_some() {
  if (buffer_.empty()) fill();
  return std::exchange(buffer_, {});
}

bool RawClient::at_end() { return buffer_.empty() && !fill(); }

void RawClient::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void RawClient::shutdown_send() {
  boost::system::error_code ignored;  // a connection that is gone already shows when it is read
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void RawClient::shrink_receive_buffer() { socket_.set_option(net::socket_base::receive_buffer_size(256 << 10)); }

std::string RawClient::read_exactly(std::size_t count) {
  while (buffer_.size() < count) {
    if (!fill()) throw std::runtime_error("the connection ended early");
  }
  std::string bytes = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return bytes;
}

std::string RawClient::read_line() {
  for (;;) {
    const std::size_t end = buffer_.find("\r\n");
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 2);
      return line;
    }
    if (!fill()) throw std::runtime_error("the connection ended in a line");
  }
}

int RawClient::read_header() {
  const std::string status = read_line();
  headers_.clear();
  for (;;) {
    const std::string line = read_line();
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
    headers_[name] = line.substr(line.find_first_not_of(' ', colon + 1));
  }
  return std::stoi(status.substr(9, 3));
}

int RawClient::handshake(std::string_view target, std::string_view more, std::string_view host) {
  send("GET " + std::string(target) + " HTTP/1.1\r\nHost: " + std::string(host) +
       "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
       "Sec-WebSocket-Version: 13\r\n" +
       std::string(more) + "\r\n");
  return read_header();
}

HttpReply RawClient::request(std::string_view method, std::string_view target, std::string_view more,
                             std::string_view host) {
  send(std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n" +
       std::string(more) + "\r\n");
  return read_reply(method == "HEAD");
}

HttpReply RawClient::read_reply(bool head) {
  HttpReply reply;
  reply.status = read_header();
  reply.headers = headers_;
  if (head || reply.status == 304) return reply;
  if (reply.headers.contains("content-length")) {
    reply.body = read_exactly(std::stoul(reply.headers["content-length"]));
  } else if (reply.headers["transfer-encoding"] == "chunked") {
    reply.body = read_chunks(reply.complete);
  } else {
    while (fill()) {
    }
    reply.body = std::exchange(buffer_, {});
  }
  return reply;
}

std::string RawClient::read_chunks(bool& complete) {
  std::string body;
  try {
    for (;;) {
      const std::size_t size = std::stoul(read_line(), nullptr, 16);
      body += read_exactly(size);
      read_line();
      if (size == 0) return body;
    }
  } catch (const std::runtime_error&) {
    complete = false;
    return body;
  }
}

std::string RawClient::frame_bytes(Opcode opcode, std::string_view payload, FrameOptions options) {
  std::string bytes;
  const auto first = static_cast<unsigned>(opcode) | (options.fin ? 0x80U : 0U) | (options.reserved * 16U);
  bytes.push_back(static_cast<char>(first));
  const std::uint64_t size = options.claimed_size.value_or(payload.size());
  const unsigned mask_bit = options.masked ? 0x80 : 0;
  const int more = size < 126 ? 0 : size <= 0xffff ? 2 : 8;
  bytes.push_back(static_cast<char>(mask_bit | (more == 0 ? size : more == 2 ? 126U : 127U)));
  for (int i = more - 1; i >= 0; --i) bytes.push_back(static_cast<char>(size >> (8 * i)));
  const std::string mask = options.masked ? std::string("\x11\x22\x33\x44") : std::string(4, '\0');
  if (options.masked) bytes += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) bytes.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return bytes;
}

void RawClient::send_frame(Opcode opcode, std::string_view payload, FrameOptions options) {
  send(frame_bytes(opcode, payload, options));
}

Frame RawClient::read_frame() {
  const std::string head = read_exactly(2);
  Frame frame;
  frame.fin = (head[0] & 0x80) != 0;
  frame.opcode = static_cast<Opcode>(head[0] & 0x0f);
  if ((head[0] & 0x70) != 0 || (head[1] & 0x80) != 0) throw std::runtime_error("not a server's frame");
  std::uint64_t size = static_cast<unsigned char>(head[1]);
  if (size >= 126) {
    const std::string more = read_exactly(size == 126 ? 2 : 8);
    size = 0;
    for (const char byte : more) size = size * 256 + static_cast<unsigned char>(byte);
  }
  frame.payload = read_exactly(size);
  return frame;
}

int RawClient::read_close_code() {
  try {
    for (;;) {
      const Frame frame = read_frame();
      if (frame.opcode == Opcode::close) return frame.close_code();
    }
  } catch (const std::runtime_error&) {
    return 1006;
  }
}

}  // namespace weir::test
