#include "weir/runtime/system_random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace weir::runtime {

void SystemRandom::fill(void* bytes, std::size_t count) {
  auto* next = static_cast<char*>(bytes);
  while (count > 0) {
    const ssize_t got = getrandom(next, count, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();  // identities must be unguessable: without randomness there is nothing right to do
    }
    next += got;
    count -= static_cast<std::size_t>(got);
  }
}

}  // namespace weir::runtime
