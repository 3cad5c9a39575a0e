// The updates that publishers send: genuine Yjs updates, one for each keystroke, from a file that make_updates.mjs
// wrote.
//
//   Updates updates("updates.bin");
//   updates[0];                       // the first keystroke
//
// The file is a row of (32-bit little-endian length, bytes). Threads: immutable.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::bench {

class Updates {
 public:
  explicit Updates(const std::string& file);
  [[nodiscard]] std::size_t size() const { return updates_.size(); }
  [[nodiscard]] std::string_view operator[](std::size_t index) const { return updates_[index]; }

 private:
  std::string bytes_;
  std::vector<std::string_view> updates_;
};

}  // namespace weir::bench
