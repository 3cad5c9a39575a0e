#include "weir/grpc/calls.hpp"

#include <utility>

namespace weir::rpc {

std::shared_ptr<void> Calls::take() {
  const std::lock_guard lock(state_->mutex);
  if (state_->open >= state_->calls_max) return nullptr;
  ++state_->open;
  return {state_.get(), [state = state_](State*) {
            const std::lock_guard release(state->mutex);
            if (--state->open == 0) state->none_open.notify_all();
          }};
}

std::size_t Calls::open() const {
  const std::lock_guard lock(state_->mutex);
  return state_->open;
}

std::shared_ptr<void> Calls::when_draining(std::function<void()> told) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(state_->mutex);
    number = ++state_->given;
    if (!state_->draining) state_->watchers[number] = std::exchange(told, nullptr);
  }
  if (told) told();
  return {state_.get(), [state = state_, number](State*) {
            const std::lock_guard release(state->mutex);
            state->watchers.erase(number);
          }};
}

void Calls::drain() {
  std::unordered_map<std::uint64_t, std::function<void()>> watchers;
  {
    const std::lock_guard lock(state_->mutex);
    state_->draining = true;
    watchers.swap(state_->watchers);
  }
  for (const auto& [number, told] : watchers) told();
}

void Calls::wait_until_none(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(state_->mutex);
  state_->none_open.wait_until(lock, deadline, [this] { return state_->open == 0; });
}

}  // namespace weir::rpc
