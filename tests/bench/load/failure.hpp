// A measurement that went wrong is none: say why, and end.
//
//   if (written < 0) fail("the server closed a connection during the run");
//
// Threads: any.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string_view>

namespace weir::bench {

[[noreturn]] inline void fail(std::string_view why) {
  std::cerr << "weir_bench: " << why << '\n';
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): one thread
}

}  // namespace weir::bench
