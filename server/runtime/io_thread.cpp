#include "weir/runtime/io_thread.hpp"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <memory>
#include <utility>

namespace weir::runtime {

namespace net = boost::asio;

IoThread::IoThread(std::string name) : name_(std::move(name)) {}

IoThread::~IoThread() {
  if (thread_.joinable()) std::abort();  // destroying what is in use is a defect of the owner
}

void IoThread::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    context_.run();
  });
}

void IoThread::stop() {
  work_.reset();
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void IoThread::post(Task task) { net::post(context_, std::move(task)); }

void IoThread::call_after(std::chrono::milliseconds delay, Task task) {
  auto timer = std::make_unique<net::steady_timer>(context_, delay);
  net::steady_timer& waiting = *timer;
  waiting.async_wait([timer = std::move(timer), task = std::move(task)](boost::system::error_code error) {
    if (!error) task();
  });
}

std::chrono::milliseconds IoThread::steady_now() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin_);
}

std::chrono::nanoseconds IoThread::moment() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

Seconds IoThread::wall_now() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count())};
}

}  // namespace weir::runtime
