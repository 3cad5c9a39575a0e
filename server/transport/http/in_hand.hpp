// The requests that are being answered: counted, so that a door that closes can wait for their replies.
//
//   InHand in_hand;
//   auto held = in_hand.take();                 // until `held` is gone
//   in_hand.when_none([] { ... });              // once, when the last has gone: at once when there is none
//
// Threads: any. The function runs on the thread that ended the last one, or on the caller's.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace weir::http {

class InHand {
 public:
  [[nodiscard]] std::shared_ptr<void> take() {
    const std::lock_guard lock(state_->mutex);
    ++state_->count;
    return {nullptr, [state = state_](void*) { release(*state); }};
  }
  void when_none(std::function<void()> call) {
    {
      const std::lock_guard lock(state_->mutex);
      if (state_->count > 0) {
        state_->when_none = std::move(call);
        return;
      }
    }
    call();
  }

 private:
  struct State {
    std::mutex mutex;
    std::size_t count = 0;            // mutex
    std::function<void()> when_none;  // mutex
  };
  static void release(State& state) {
    std::function<void()> call;
    {
      const std::lock_guard lock(state.mutex);
      if (--state.count == 0) call = std::exchange(state.when_none, nullptr);
    }
    if (call) call();
  }

  /// What is taken may outlive the door.
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace weir::http
