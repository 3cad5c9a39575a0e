// The part of a URL that a request carries: "/v1/spaces/a%2Fb/documents?limit=10".
//
//   Target target = Target::parse("/yjs/notes/team%2Fplan?token=t");
//   target.path                          "/yjs/notes/team%2Fplan"       as sent
//   percent_decode("team%2Fplan")        "team/plan"                    once, never twice
//   target.parameter("token")            "t"                            decoded
//
// Threads: plain values, pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/vocabulary/error.hpp"

namespace weir::http {

/// INVALID_ARGUMENT for a '%' that two hexadecimal digits do not follow. A '+' stays a '+'.
[[nodiscard]] Result<std::string> percent_decode(std::string_view text);

struct Target {
  std::string path = {};   ///< as sent, without the query
  std::string query = {};  ///< as sent, without its '?'

  [[nodiscard]] static Target parse(std::string_view text);
  /// The first query parameter of that name, decoded; nothing when it is absent or badly encoded.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
  /// What lies between slashes, as sent: "/a/b%2Fc" gives "a", "b%2Fc".
  [[nodiscard]] std::vector<std::string_view> segments() const;
};

}  // namespace weir::http
