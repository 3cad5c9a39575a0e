#include "process.hpp"

#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "failure.hpp"

namespace weir::bench {
namespace {

constexpr std::uint64_t second = 1'000'000'000;

std::string folder(pid_t process) { return "/proc/" + std::to_string(process); }

/// Threads of a server live as long as it does, so the sum over those alive is what all have used.
std::optional<std::uint64_t> from_scheduler(pid_t process) {
  std::uint64_t sum = 0;
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator(folder(process) + "/task", error)) {
    std::ifstream in(thread.path() / "schedstat");
    std::uint64_t running = 0;
    if (in >> running) sum += running;
  }
  if (error || sum == 0) return std::nullopt;
  return sum;
}

std::uint64_t from_stat(pid_t process) {
  std::ifstream in(folder(process) + "/stat");
  std::string line;
  if (!std::getline(in, line)) fail("no process " + std::to_string(process) + ": is the server still running?");
  std::istringstream rest(line.substr(line.rfind(')') + 2));  // the name before it may hold anything
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  rest >> user >> system;
  return (user + system) * (second / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK)));
}

std::uint64_t clock_nanoseconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * second + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

std::uint64_t cpu_nanoseconds(pid_t process) {
  if (const auto exact = from_scheduler(process)) return *exact;
  return from_stat(process);
}

std::uint64_t resident_bytes(pid_t process) {
  std::ifstream in(folder(process) + "/status");
  std::string word;
  while (in >> word) {
    std::uint64_t kibibytes = 0;
    if (word == "VmRSS:" && in >> kibibytes) return kibibytes * 1024;
  }
  fail("no process " + std::to_string(process) + ": is the server still running?");
}

std::uint64_t own_cpu_nanoseconds() { return clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID); }
std::uint64_t now_nanoseconds() { return clock_nanoseconds(CLOCK_MONOTONIC); }

}  // namespace weir::bench
