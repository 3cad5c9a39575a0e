// The document of the example `notes`: a map from names to texts in which the last writer wins, one CRDT delta a write.
//
//   const std::string delta = *map.write("milk", "2 litres");   // "" would be a text; std::nullopt removes
//   map.apply(delta); publish(delta);                           // and others' deltas as they come, in any order
//
// client-sdk/examples/notes has the same map for browsers, and its README the format: of the deltas of one name, the
// greatest byte string counts, so that everyone who has the same deltas has the same map.
//
// Threads: a plain object.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace notes {

using Text = std::optional<std::string>;  ///< none: removed
using Replica = std::array<char, 16>;

struct Write {
  std::string name;
  Text text;
};

class NotesMap {
 public:
  /// Random: no two replicas may have the same.
  explicit NotesMap(Replica replica) : replica_(replica) {}

  /// A delta that is newer than what this map has; it is not applied yet. None when the name or the text is not UTF-8,
  /// the name is empty or longer than 65535 bytes, or the clock of this name is at its end.
  [[nodiscard]] std::optional<std::string> write(std::string_view name, const Text& text) const;
  /// What it changed, if anything. What is no delta is ignored, as everyone does.
  std::optional<Write> apply(std::string_view delta);
  /// What is there, by name.
  [[nodiscard]] std::vector<Write> all() const;
  /// The deltas that make this map, removals included.
  [[nodiscard]] std::vector<std::string> deltas() const;

 private:
  Replica replica_;
  std::map<std::string, std::string, std::less<>> newest_;  ///< name to delta
};

}  // namespace notes
