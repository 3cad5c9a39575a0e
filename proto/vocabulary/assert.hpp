// WEIR_ASSERT: what must hold, whatever a client or a disk does. Stays on in every build: a relay that goes on after it
// was wrong about itself may acknowledge what it does not have.
//
//   WEIR_ASSERT(!executors.empty());
//
// For what can fail in operation use Result (error.hpp). Threads: any.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace weir {

[[noreturn]] inline void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "weir: %s:%d: this must hold and does not: %s\n", file, line, condition);
  std::abort();
}

}  // namespace weir

#define WEIR_ASSERT(condition) ((condition) ? void() : ::weir::assertion_failed(#condition, __FILE__, __LINE__))
