#include "weir/app/keeper.hpp"

namespace weir::app {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t page = 200;
constexpr auto between_pages = 100ms;

}  // namespace

void Keeper::start() { again_after(interval_); }

void Keeper::again_after(std::chrono::milliseconds delay) {
  parts_.shard.executor().call_after(delay, [this] { parts_.readers.submit([this] { look(); }); });
}

void Keeper::look() {
  const bool more = look_at_page();
  if (!more) {
    space_.clear();
    document_.clear();
    in_space_ = false;
  }
  parts_.shard.executor().post(
      [this, more] { again_after(more ? std::chrono::milliseconds(between_pages) : interval_); });
}

// False: the round is over (or the store cannot be read now; the next round will tell).
bool Keeper::look_at_page() {
  if (!in_space_) {
    const auto spaces = parts_.log.spaces(space_, 1);
    if (!spaces || spaces->empty()) return false;
    space_ = spaces->front().text();
    document_.clear();
    in_space_ = true;
  }
  const SpaceName space = *SpaceName::parse(space_);
  const auto documents = parts_.log.documents(space, document_, page);
  if (!documents) return false;
  for (const auto& [name, state] : *documents) {
    document_ = name.text();
    if (state.life != DocumentLife::alive) continue;
    const DocumentPath path{space, name};
    const auto snapshots = parts_.snapshots.list(path);
    if (snapshots && !snapshots->empty()) parts_.shard.maintain(path);
  }
  in_space_ = documents->size() == page;
  return true;
}

}  // namespace weir::app
