// The golden vectors of the native protocol: frames, frames that must be refused, and chains, as JSON texts.
//
//   for (auto& [file, text] : golden_vectors()) ...      // "frames.json" -> its contents
//
// make_vectors writes them to proto/vectors; the tests of every language read them there. proto/vectors/README.md
// tells their format.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "weir/frames/frames.hpp"

namespace weir::frames {

/// Keys in the order they are written, so that a vector reads like sync.proto.
using Json = nlohmann::ordered_json;

[[nodiscard]] Json to_json(const ClientEvent& event);
[[nodiscard]] Json to_json(const ServerEvent& event);

struct Example {
  std::string name;
  std::vector<ClientEvent> client;
  std::vector<ServerEvent> server;  ///< one of the two is empty
};
/// One example at least of every event, and frames of several.
[[nodiscard]] std::vector<Example> examples();

[[nodiscard]] std::map<std::string, std::string> golden_vectors();

}  // namespace weir::frames
