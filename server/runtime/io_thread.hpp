// The real Executor: one thread, one boost::asio::io_context, one shard with its connections.
//
//   IoThread thread("shard-0");
//   thread.post([] { ... });          // before or after start()
//   thread.start();
//   ...
//   thread.stop();                    // joins; what was posted and not run is destroyed with the thread object
//
// Kept apart from executor.hpp: transports include this one, shards never do, so that the simulation can drive them.
//
// Threads: post() and the clocks from any; call_after() and context() on the thread itself, or before
// start(); start() and stop() from the owner.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <string>
#include <thread>

#include "weir/runtime/executor.hpp"

namespace weir::runtime {

class IoThread final : public Executor {
 public:
  /// `name` shows in process listings; 15 bytes are kept.
  explicit IoThread(std::string name);
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;
  /// Must have been stopped.
  ~IoThread() override;

  void start();
  /// Lets the piece of work that runs finish, then joins. From another thread; a second call does nothing.
  void stop();

  void post(Task task) override;
  void call_after(std::chrono::milliseconds delay, Task task) override;
  [[nodiscard]] std::chrono::milliseconds steady_now() const override;
  [[nodiscard]] std::chrono::nanoseconds moment() const override;
  [[nodiscard]] Seconds wall_now() const override;

  [[nodiscard]] boost::asio::io_context& context() { return context_; }

 private:
  const std::string name_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  std::thread thread_;
};

}  // namespace weir::runtime
