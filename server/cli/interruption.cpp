#include "weir/cli/interruption.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

#include "weir/vocabulary/assert.hpp"

namespace weir::cli {

namespace {

std::atomic<int> told{-1};  // a handler has no other way to know where to write

void write_one(int pipe) {
  const char byte = 0;
  const int kept = errno;
  [[maybe_unused]] const auto written = ::write(pipe, &byte, 1);  // one byte in an empty pipe always fits
  errno = kept;
}

void handle(int) { write_one(told.load()); }

void install(void (*handler)(int), unsigned flags) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = static_cast<int>(flags);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

Interruption::Interruption() {
  WEIR_ASSERT(::pipe2(pipe_.data(), O_CLOEXEC) == 0);
  thread_ = std::thread([this] {
    char byte = 0;
    while (::read(pipe_[0], &byte, 1) < 0 && errno == EINTR) {
    }
    stop_.request_stop();
  });
  told = pipe_[1];
  install(handle, SA_RESTART | SA_RESETHAND);
}

Interruption::~Interruption() {
  install(SIG_DFL, 0);
  write_one(pipe_[1]);
  thread_.join();
  told = -1;
  ::close(pipe_[0]);
  ::close(pipe_[1]);
}

}  // namespace weir::cli
