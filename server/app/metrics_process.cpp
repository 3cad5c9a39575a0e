#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "weir/app/metrics.hpp"

namespace weir::app {

namespace {

/// Fields of /proc/self/stat by their numbers in proc(5), from the third on: the second may hold spaces.
class Stat {
 public:
  Stat() {
    std::ifstream file("/proc/self/stat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::istringstream rest(text.substr(std::min(text.size(), text.rfind(')') + 2)));
    for (std::string field; rest >> field;) fields_.push_back(std::move(field));
  }
  [[nodiscard]] bool good() const { return fields_.size() > 21; }
  [[nodiscard]] double field(std::size_t number) const { return std::stod(fields_.at(number - 3)); }

 private:
  std::vector<std::string> fields_;
};

/// Unix time of the machine's start.
double boot_time_seconds() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

std::size_t open_descriptors() {
  std::error_code error;
  std::size_t count = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end; !error && entry != end;
       entry.increment(error))
    ++count;
  return count > 0 ? count - 1 : 0;  // one was for looking
}

}  // namespace

void add_process_metrics(Families& families) {
  const Stat stat;
  if (!stat.good()) return;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  families.counter("process_cpu_seconds_total", "Time on a processor, user and system.")
      .add((stat.field(14) + stat.field(15)) / ticks);
  families.gauge("process_start_time_seconds", "When the process began, in Unix time.")
      .add(boot_time_seconds() + stat.field(22) / ticks);
  families.gauge("process_virtual_memory_bytes", "Address space.").add(stat.field(23));
  families.gauge("process_resident_memory_bytes", "Memory in use.")
      .add(stat.field(24) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  families.gauge("process_threads", "Threads.").add(stat.field(20));
  families.gauge("process_open_fds", "Open file descriptors.").add(open_descriptors());
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    families.gauge("process_max_fds", "How many there may be.").add(static_cast<double>(limit.rlim_cur));
}

}  // namespace weir::app
