// The real Random: the kernel's.
//
// Threads: any.
#pragma once

#include "weir/runtime/executor.hpp"

namespace weir::runtime {

class SystemRandom final : public Random {
 public:
  void fill(void* bytes, std::size_t count) override;
};

}  // namespace weir::runtime
