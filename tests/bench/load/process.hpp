// What a process has used so far, all its threads together.
//
//   const std::uint64_t before = cpu_nanoseconds(pid);
//
// Threads: any.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace weir::bench {

/// User and system time, to the nanosecond, also of threads that have ended since. Ends the program when there is no
/// such process.
[[nodiscard]] std::uint64_t cpu_nanoseconds(pid_t process);
/// VmRSS.
[[nodiscard]] std::uint64_t resident_bytes(pid_t process);
/// Of this process.
[[nodiscard]] std::uint64_t own_cpu_nanoseconds();
/// CLOCK_MONOTONIC.
[[nodiscard]] std::uint64_t now_nanoseconds();

}  // namespace weir::bench
