// Ctrl-C and SIGTERM as a stop token, for a command whose orderly end they are.
//
//   Interruption interruption;
//   source.follow(..., interruption.token());
//
// The second one ends the process at once, as without this.
//
// Threads: one object at a time in a process; made and destroyed by the thread that runs the command.
#pragma once

#include <array>
#include <stop_token>
#include <thread>

namespace weir::cli {

class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

 private:
  std::array<int, 2> pipe_{-1, -1};  ///< written to by the handler, read by the thread
  std::stop_source stop_;
  std::thread thread_;
};

}  // namespace weir::cli
