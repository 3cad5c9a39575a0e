// The load: every document's author and subscribers on one thread, and the measurement.
//
//   Load load(options, updates);
//   load.run();            // connects, warms up, measures
//   load.print_json();
//
// In steady mode an author sends `burst` updates at a time at a given rate, as long as no more than `window` are in
// flight; what had to wait for others is counted from the moment it was due. In saturated mode it keeps `window` of
// them in flight, and adds to them whole bursts. Threads: one.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client.hpp"
#include "document.hpp"
#include "updates.hpp"

namespace weir::bench {

struct Options {
  Protocol protocol = Protocol::native;
  std::uint16_t port = 0;
  std::string path = "/";
  std::string updates;
  pid_t server = 0;
  std::size_t documents = 1;
  std::size_t subscribers = 1;  ///< of each document, beside its author
  bool saturated = false;
  double rate = 200;      ///< updates a second and document, in steady mode
  std::size_t burst = 1;  ///< updates that are published together
  std::size_t window = 4;
  std::size_t warm_window = 256;  ///< the first half of the warm-up is saturated
  double warm_up_seconds = 2;
  double seconds = 4;
};

class Load {
 public:
  Load(const Options& options, const Updates& updates);

  void run();
  [[nodiscard]] std::string json() const;

 private:
  struct Author {
    Client* client = nullptr;
    Document* document = nullptr;
    std::uint64_t due = 0;
    bool late = false;  // it was due before the window had room
  };
  void connect_all();
  void drive_until(std::uint64_t end);
  void drain();
  void wait(std::uint64_t until);
  void pump(std::uint64_t now);
  void pump_steady(Author& author, std::uint64_t now);
  void pump_saturated(Author& author, std::uint64_t now);
  [[nodiscard]] std::uint64_t interval() const;
  [[nodiscard]] bool can_repeat() const { return options_.protocol != Protocol::yjs; }

  const Options options_;
  const Updates& updates_;
  const std::unique_ptr<Network> network_;
  std::vector<std::unique_ptr<Document>> documents_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Author> authors_;
  bool saturated_ = false;
  std::size_t window_ = 0;
  bool exhausted_ = false;  // no more updates; the measurement ends early

  Measured measured_;
  std::uint64_t took_ = 0;
  std::uint64_t server_cpu_ = 0;
  std::uint64_t own_cpu_ = 0;
  std::uint64_t resident_ = 0;
};

}  // namespace weir::bench
