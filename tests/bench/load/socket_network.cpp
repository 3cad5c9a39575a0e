// WebSockets, and epoll to wait for all of them.
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <vector>

#include "connection.hpp"
#include "failure.hpp"
#include "websocket.hpp"

namespace weir::bench {
namespace {

constexpr std::uint64_t second = 1'000'000'000;

class SocketNetwork final : public Network {
 public:
  SocketNetwork() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), scratch_(1 << 20) {
    if (epoll_ < 0) fail("epoll_create1 failed");
  }
  ~SocketNetwork() override { ::close(epoll_); }
  SocketNetwork(const SocketNetwork&) = delete;
  SocketNetwork& operator=(const SocketNetwork&) = delete;

  std::unique_ptr<Connection> connect(const Target& target, Listener& listener) override {
    auto socket = std::make_unique<WebSocketClient>(target, listener);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = socket.get();
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket->descriptor(), &event) != 0) fail("epoll_ctl failed");
    return socket;
  }

  void wait(std::uint64_t nanoseconds_max) override {
    const timespec timeout{static_cast<time_t>(nanoseconds_max / second), static_cast<long>(nanoseconds_max % second)};
    std::array<epoll_event, 256> events{};
    const int count = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (int i = 0; i < count; ++i) {
      static_cast<WebSocketClient*>(events[static_cast<std::size_t>(i)].data.ptr)->read(scratch_);
    }
  }

 private:
  int epoll_;
  std::vector<char> scratch_;
};

}  // namespace

std::unique_ptr<Network> make_socket_network() { return std::make_unique<SocketNetwork>(); }

}  // namespace weir::bench
