#include "weir/grpc/requests.hpp"

#include <boost/algorithm/string/predicate.hpp>

namespace weir::rpc {

std::string bearer_token(const ::grpc::CallbackServerContext& call) {
  constexpr std::string_view scheme = "Bearer ";
  const auto found = call.client_metadata().find("authorization");
  if (found == call.client_metadata().end()) return {};
  const std::string_view value(found->second.data(), found->second.size());
  if (!boost::istarts_with(value, scheme)) return {};
  return std::string(value.substr(scheme.size()));
}

CallResult<std::string> authenticate(const Context& context, const ::grpc::CallbackServerContext& call) {
  auto principal = context.parts.authorizer.authenticate(bearer_token(call));
  if (!principal) return CallError{principal.error()};
  return std::move(*principal);
}

CallResult<DocumentPath> document_of(const Context& context, const ::grpc::CallbackServerContext& call,
                                     std::string_view space, std::string_view document, Access access) {
  const auto who = authenticate(context, call);
  if (!who) return who.error();
  auto space_name = SpaceName::parse(space);
  if (!space_name) return wrong("space", space_name.error().message);
  auto document_name = DocumentName::parse(document);
  if (!document_name) return wrong("document", document_name.error().message);
  DocumentPath path{std::move(*space_name), std::move(*document_name)};
  const core::Authorizer& authorizer = context.parts.authorizer;
  if (auto may = authorizer.may_read(*who, path); !may) return CallError{may.error()};
  if (access == Access::read) return path;
  if (auto may = authorizer.may_write(*who, path); !may) return CallError{may.error()};
  return path;
}

CallResult<SpaceName> space_of(const Context& context, const ::grpc::CallbackServerContext& call,
                               std::string_view space) {
  const auto who = authenticate(context, call);
  if (!who) return who.error();
  auto name = SpaceName::parse(space);
  if (!name) return wrong("space", name.error().message);
  if (auto may = context.parts.authorizer.may_read(*who, {*name, {}}); !may) return CallError{may.error()};
  return std::move(*name);
}

}  // namespace weir::rpc
