// Nobody is asked who they are: for a relay on one's own machine, or behind a proxy that asks.
//
//   OpenAuthorizer authorizer({.listed_only = true, .spaces = {"acme-notes"}});
//
// Threads: immutable.
#pragma once

#include <set>
#include <string>

#include "weir/core/authorizer.hpp"

namespace weir::auth {

struct OpenOptions {
  /// True: only these spaces exist. False: a space comes into being on first use.
  bool listed_only = false;
  std::set<std::string, std::less<>> spaces = {};
};

class OpenAuthorizer final : public core::Authorizer {
 public:
  explicit OpenAuthorizer(OpenOptions options) : options_(std::move(options)) {}
  [[nodiscard]] Result<std::string> authenticate(std::string_view token) const override;
  [[nodiscard]] Result<void> may_read(std::string_view principal, const DocumentPath& path) const override;
  [[nodiscard]] Result<void> may_write(std::string_view principal, const DocumentPath& path) const override;

 private:
  const OpenOptions options_;
};

}  // namespace weir::auth
