// Who may do what. Implemented by the auth module; asked by sessions (at hello) and hubs (at subscribe).
//
// Threads: called on shard threads; implementations are immutable or guard themselves, and never block.
#pragma once

#include <string>
#include <string_view>

#include "weir/vocabulary/ids.hpp"

namespace weir::core {

class Authorizer {
 public:
  virtual ~Authorizer() = default;
  /// The principal that a token proves ("" for anyone); UNAUTHENTICATED with what to do about it.
  [[nodiscard]] virtual Result<std::string> authenticate(std::string_view token) const = 0;
  /// PERMISSION_DENIED, or NOT_FOUND for a space that does not exist and may not come into being.
  [[nodiscard]] virtual Result<void> may_read(std::string_view principal, const DocumentPath& path) const = 0;
  [[nodiscard]] virtual Result<void> may_write(std::string_view principal, const DocumentPath& path) const = 0;
};

}  // namespace weir::core
