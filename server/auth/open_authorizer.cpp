#include "weir/auth/open_authorizer.hpp"

namespace weir::auth {

/// Any token proves the same: anyone. So a client that has one for another relay still gets in.
Result<std::string> OpenAuthorizer::authenticate(std::string_view) const { return std::string(); }

Result<void> OpenAuthorizer::may_read(std::string_view, const DocumentPath& path) const {
  if (!options_.listed_only || options_.spaces.contains(path.space.text())) return {};
  return fail(Code::not_found,
              "there is no space \"" + path.space.text() +
                  "\" here, and this relay makes no new ones: its operator lists them in spaces.listed");
}

Result<void> OpenAuthorizer::may_write(std::string_view principal, const DocumentPath& path) const {
  return may_read(principal, path);
}

}  // namespace weir::auth
