#include "process.hpp"

#include <ctime>
#include <fstream>
#include <string>

#include "failure.hpp"

namespace weir::bench {
namespace {

constexpr std::uint64_t second = 1'000'000'000;

[[noreturn]] void gone(pid_t process) {
  fail("no process " + std::to_string(process) + ": is the server still running?");
}

std::uint64_t clock_nanoseconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * second + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

std::uint64_t cpu_nanoseconds(pid_t process) {
  clockid_t clock{};
  if (clock_getcpuclockid(process, &clock) != 0) gone(process);
  return clock_nanoseconds(clock);
}

std::uint64_t resident_bytes(pid_t process) {
  std::ifstream in("/proc/" + std::to_string(process) + "/status");
  std::string word;
  while (in >> word) {
    std::uint64_t kibibytes = 0;
    if (word == "VmRSS:" && in >> kibibytes) return kibibytes * 1024;
  }
  gone(process);
}

std::uint64_t own_cpu_nanoseconds() { return clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID); }
std::uint64_t now_nanoseconds() { return clock_nanoseconds(CLOCK_MONOTONIC); }

}  // namespace weir::bench
