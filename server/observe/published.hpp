// Numbers that one thread keeps in plain fields and shows to others from time to time.
//
//   struct Counters { std::uint64_t sessions, deliveries; };
//   Published<Counters> shown;
//   shown.write(counters);              // the owner's thread, now and then
//   Counters seen = shown.read();       // anywhere
//
// No locks: each number is stored by itself, so a reader may see some from this write and some from the one before.
//
// Threads: write() from one, read() from any.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace weir::observe {

/// `Numbers` is a struct of 64-bit unsigned numbers and arrays of them, and nothing else.
template <class Numbers>
class Published {
  static_assert(std::is_trivially_copyable_v<Numbers> && sizeof(Numbers) % sizeof(std::uint64_t) == 0);
  static constexpr std::size_t count = sizeof(Numbers) / sizeof(std::uint64_t);
  using Words = std::array<std::uint64_t, count>;

 public:
  void write(const Numbers& numbers) {
    const auto words = std::bit_cast<Words>(numbers);
    for (std::size_t i = 0; i < count; ++i) cells_[i].store(words[i], std::memory_order_relaxed);
  }
  [[nodiscard]] Numbers read() const {
    Words words{};
    for (std::size_t i = 0; i < count; ++i) words[i] = cells_[i].load(std::memory_order_relaxed);
    return std::bit_cast<Numbers>(words);
  }

 private:
  std::array<std::atomic<std::uint64_t>, count> cells_{};
};

}  // namespace weir::observe
