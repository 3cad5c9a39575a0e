// Bytes that travel: an immutable slice that keeps its buffer alive.
//
//   SharedBytes frame = SharedBytes::copy("...");
//   SharedBytes payload = frame.slice(4, 10);      // no copy; the frame lives as long as the payload
//
// Threads: the bytes never change, the count is atomic; share them freely.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

class SharedBytes {
 public:
  SharedBytes() = default;
  /// A slice of a buffer that `owner` keeps alive.
  SharedBytes(std::shared_ptr<const void> owner, std::string_view view) : owner_(std::move(owner)), view_(view) {}

  /// A buffer of its own, one allocation.
  [[nodiscard]] static SharedBytes copy(std::string_view bytes) {
    if (bytes.empty()) return {};
    auto buffer = std::make_shared_for_overwrite<char[]>(bytes.size());
    std::memcpy(buffer.get(), bytes.data(), bytes.size());
    const std::string_view view(buffer.get(), bytes.size());
    return {std::move(buffer), view};
  }
  /// Takes the string over without copying its contents.
  [[nodiscard]] static SharedBytes take(std::string&& bytes) {
    auto buffer = std::make_shared<const std::string>(std::move(bytes));
    const std::string_view view(*buffer);
    return {std::move(buffer), view};
  }

  [[nodiscard]] std::string_view view() const { return view_; }
  [[nodiscard]] std::size_t size() const { return view_.size(); }
  [[nodiscard]] bool empty() const { return view_.empty(); }
  /// `part` must lie inside this slice.
  [[nodiscard]] SharedBytes slice(std::string_view part) const { return {owner_, part}; }
  [[nodiscard]] SharedBytes slice(std::size_t from, std::size_t count) const {
    return {owner_, view_.substr(from, count)};
  }
  friend bool operator==(const SharedBytes& left, const SharedBytes& right) { return left.view_ == right.view_; }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view view_;
};

}  // namespace weir
