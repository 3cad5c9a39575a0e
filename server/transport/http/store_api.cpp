#include "weir/http/store_api.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "weir/http/export.hpp"
#include "weir/storage/document_fields.hpp"

namespace weir::http {

namespace {

using Json = nlohmann::json;

Reply json_reply(const Json& body) {
  Reply reply;
  reply.body = body.dump() + "\n";
  return reply;
}

Json state_json(const DocumentName& name, const storage::DocumentState& state) {
  Json json{{"document", name.text()}};
  storage::each_field(state, [&](const char* field, const auto& value) { json[field] = value; });
  return json;
}

/// How many entries a page may have.
Result<std::size_t> page_size(const Request& request) {
  const auto limit = number_parameter(request, "limit", 100);
  if (!limit) return limit.error();
  if (*limit == 0 || *limit > StoreApi::page_entries_max) {
    return fail(Code::invalid_argument, "limit may be from 1 to " + std::to_string(StoreApi::page_entries_max));
  }
  return static_cast<std::size_t>(*limit);
}

}  // namespace

Result<std::uint64_t> number_parameter(const Request& request, std::string_view name, std::uint64_t otherwise) {
  const auto text = request.target.parameter(name);
  if (!text) return otherwise;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) {
    return fail(Code::invalid_argument, std::string(name) + " is a whole number, not \"" + text->substr(0, 40) + "\"");
  }
  return value;
}

void StoreApi::add_to(Routes& routes) {
  const auto add = [&](const char* method, const char* pattern,
                       void (StoreApi::*handler)(const Request&, const Respond&)) {
    routes.add(method, pattern,
               [this, handler](const Request& request, const Respond& respond) { (this->*handler)(request, respond); });
  };
  add("GET", "/v1/spaces", &StoreApi::spaces);
  add("GET", "/v1/spaces/{}", &StoreApi::space);
  add("GET", "/v1/spaces/{}/documents", &StoreApi::documents);
  add("GET", "/v1/spaces/{}/documents/{}", &StoreApi::document);
  add("DELETE", "/v1/spaces/{}/documents/{}", &StoreApi::remove);
  add("GET", "/v1/spaces/{}/documents/{}/records", &StoreApi::records);
}

Result<std::string> StoreApi::principal(const Request& request) const {
  return parts_.authorizer.authenticate(request.bearer_token);
}

Result<DocumentPath> StoreApi::readable(const Request& request) const {
  auto who = principal(request);
  if (!who) return who.error();
  auto space = SpaceName::parse(request.captures.at(0));
  if (!space) return space.error();
  DocumentPath path{std::move(*space), {}};
  if (request.captures.size() > 1) {
    auto document = DocumentName::parse(request.captures[1]);
    if (!document) return document.error();
    path.document = std::move(*document);
  }
  if (auto allowed = parts_.authorizer.may_read(*who, path); !allowed) return allowed.error();
  return path;
}

void StoreApi::on_pool(const Respond& respond, Answer answer) {
  parts_.readers.submit([respond, answer = std::move(answer)] { respond(answer()); });
}

void StoreApi::spaces(const Request& request, const Respond& respond) {
  auto who = principal(request);
  if (!who) return respond(error_reply(who.error()));
  const auto limit = page_size(request);
  if (!limit) return respond(error_reply(limit.error()));
  on_pool(respond, [this, who = *who, limit = *limit, after = request.target.parameter("after").value_or("")] {
    const auto names = parts_.log.spaces(after, limit);
    if (!names) return error_reply(names.error());
    Json list = Json::array();
    for (const SpaceName& name : *names) {
      if (parts_.authorizer.may_read(who, {name, {}})) list.push_back({{"space", name.text()}});
    }
    Json body = {{"spaces", std::move(list)}};
    if (names->size() == limit) body["next_after"] = names->back().text();
    return json_reply(body);
  });
}

void StoreApi::space(const Request& request, const Respond& respond) {
  auto path = readable(request);
  if (!path) return respond(error_reply(path.error()));
  on_pool(respond, [this, space = path->space] {
    const auto state = parts_.log.space(space);
    if (!state) return error_reply(state.error());
    if (state->head.value == 0) {
      return error_reply(fail(Code::not_found, "nothing has been written to the space \"" + space.text() + "\""));
    }
    return json_reply({{"space", space.text()}, {"head", state->head.value}, {"documents", state->documents}});
  });
}

void StoreApi::documents(const Request& request, const Respond& respond) {
  auto path = readable(request);
  if (!path) return respond(error_reply(path.error()));
  const auto limit = page_size(request);
  if (!limit) return respond(error_reply(limit.error()));
  on_pool(respond, [this, space = path->space, limit = *limit, after = request.target.parameter("after").value_or("")] {
    const auto found = parts_.log.documents(space, after, limit);
    if (!found) return error_reply(found.error());
    Json list = Json::array();
    for (const auto& summary : *found) list.push_back(state_json(summary.name, summary.state));
    Json body = {{"space", space.text()}, {"documents", std::move(list)}};
    if (found->size() == limit) body["next_after"] = found->back().name.text();
    return json_reply(body);
  });
}

void StoreApi::document(const Request& request, const Respond& respond) {
  auto path = readable(request);
  if (!path) return respond(error_reply(path.error()));
  on_pool(respond, [this, path = std::move(*path)] {
    const auto state = parts_.log.document(path);
    if (!state) return error_reply(state.error());
    if (state->life == storage::DocumentLife::absent) return error_reply(absent(path));
    Json body = state_json(path.document, *state);
    body["space"] = path.space.text();
    return json_reply(body);
  });
}

void StoreApi::records(const Request& request, const Respond& respond) {
  auto path = readable(request);
  if (!path) return respond(error_reply(path.error()));
  const auto after = number_parameter(request, "after", 0);
  if (!after) return respond(error_reply(after.error()));
  const auto limit = number_parameter(request, "limit", std::numeric_limits<std::uint64_t>::max());
  if (!limit) return respond(error_reply(limit.error()));
  on_pool(respond, [this, path = std::move(*path), after = *after, limit = *limit] {
    return export_reply(parts_.log, parts_.readers, path, {Offset{after}, limit, parts_.page_bytes});
  });
}

void StoreApi::remove(const Request& request, const Respond& respond) {
  auto path = readable(request);
  if (!path) return respond(error_reply(path.error()));
  const auto who = principal(request);
  if (auto allowed = parts_.authorizer.may_write(*who, *path); !allowed) return respond(error_reply(allowed.error()));
  parts_.delete_document(*path, [respond, path = *path](Result<Offset> offset) {
    if (!offset) return respond(error_reply(offset.error()));
    respond(
        json_reply({{"space", path.space.text()}, {"document", path.document.text()}, {"deleted_at", offset->value}}));
  });
}

Error absent(const DocumentPath& path) {
  return fail(Code::not_found,
              "there is no document \"" + path.document.text() + "\" in the space \"" + path.space.text() + "\"");
}

}  // namespace weir::http
