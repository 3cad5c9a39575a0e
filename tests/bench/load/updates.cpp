#include "updates.hpp"

#include <cstdint>
#include <fstream>
#include <sstream>

#include "failure.hpp"

namespace weir::bench {

Updates::Updates(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  if (!in) fail("cannot read the updates in " + file);
  bytes_ = std::move(all).str();
  std::string_view rest = bytes_;
  while (rest.size() >= 4) {
    std::uint32_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      length |= static_cast<std::uint32_t>(static_cast<unsigned char>(rest[i])) << (8 * i);
    }
    if (length > rest.size() - 4) break;
    updates_.push_back(rest.substr(4, length));
    rest.remove_prefix(4 + length);
  }
  if (!rest.empty() || updates_.empty()) fail(file + " is no file of updates; make it with make_updates.mjs");
}

}  // namespace weir::bench
