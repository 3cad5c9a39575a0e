#include <weir.h>

#include "weir/c/events.hpp"
#include "weir/c/handles.hpp"

namespace weir::c {
namespace {

Result<void> usable(const weir_document* document) {
  if (!document) return invalid("document is NULL");
  if (document->state->closed) return fail(Code::cancelled, "the client of this document was closed; open a new one");
  if (document->closed) return fail(Code::cancelled, "this document was closed; open it again");
  return {};
}

/// A condition that nobody waits for would be a call without a meaning.
Result<void> usable(const weir_document* document, weir_when_settled then) {
  if (!then) return invalid("then is NULL");
  return usable(document);
}

/// What a header had that knew nothing of keys.
constexpr std::size_t options_bytes_min = offsetof(weir_document_options, key);

client::DocumentKey key_of(std::uint32_t id, const std::uint8_t* key) {
  client::DocumentKey out{.id = id, .bytes = {}};
  std::memcpy(out.bytes.data(), key, out.bytes.size());
  return out;
}

std::optional<client::Encryption> encryption_of(const weir_document_options& options,
                                                const std::shared_ptr<void>& user) {
  if (!options.key) return {};
  client::Encryption out{.key = key_of(options.key_id, options.key)};
  if (const auto find = options.find_key)
    out.find = [find, user](std::uint32_t id) -> std::optional<client::DocumentKey> {
      std::uint8_t key[32] = {};
      if (find(user.get(), id, key) != 1) return {};
      return key_of(id, key);
    };
  return out;
}

Result<std::unique_ptr<weir_document>> open(weir_client& client, const char* space, const char* document,
                                            const weir_document_options& options, const std::shared_ptr<void>& user) {
  if (!space || !document) return invalid(space ? "document is NULL" : "space is NULL");
  if (client.state->closed) return fail(Code::cancelled, "this client was closed; open a new one");
  client::SubscribeOptions wanted;
  wanted.live_only = options.live_only != 0;
  if (options.cursor) wanted.cursor = cursor_of(*options.cursor);
  wanted.presence = options.presence != 0;
  wanted.recreate = options.recreate != 0;
  wanted.verify = options.verify != 0;
  wanted.encryption = encryption_of(options, user);
  const auto opened = client.client->subscribe({space, document}, handlers_of(options, user), wanted);
  if (!opened) return opened.error();
  return std::unique_ptr<weir_document>(new weir_document{client.state, *opened, options.key != nullptr});
}

}  // namespace
}  // namespace weir::c

weir_code weir_document_open(weir_client* client, const char* space, const char* document,
                             const weir_document_options* options, weir_document** out, weir_error** error) {
  if (out) *out = nullptr;
  return weir::c::guarded(error, [&]() -> weir::Result<void> {
    const auto known = weir::c::read_options(options, weir::c::options_bytes_min, "weir_document_options");
    if (!known) return known.error();
    const std::shared_ptr<void> user = weir::c::owned(known->user, known->user_released);
    if (!client || !out) return weir::c::invalid(client ? "out is NULL" : "client is NULL");
    auto opened = weir::c::open(*client, space, document, *known, user);
    if (!opened) return opened.error();
    *out = opened->release();
    return {};
  });
}

weir_code weir_document_publish(weir_document* document, std::uint32_t codec, const void* data, std::size_t size,
                                weir_when_settled then, void* user, weir_error** error) {
  return weir::c::guarded(error, [&]() -> weir::Result<void> {
    if (auto done = weir::c::usable(document); !done) return done;
    const auto bytes = weir::c::read_bytes(data, size);
    if (!bytes) return bytes.error();
    return document->document.publish({{codec}, weir::SharedBytes::copy(*bytes)}, weir::c::telling(then, user));
  });
}

weir_code weir_document_when_stored(weir_document* document, weir_when_settled then, void* user, weir_error** error) {
  return weir::c::guarded(error, [&] {
    auto done = weir::c::usable(document, then);
    return done ? document->document.when_stored(weir::c::telling(then, user)) : done;
  });
}

weir_code weir_document_when_caught_up(weir_document* document, weir_when_settled then, void* user,
                                       weir_error** error) {
  return weir::c::guarded(error, [&] {
    auto done = weir::c::usable(document, then);
    return done ? document->document.when_caught_up(weir::c::telling(then, user)) : done;
  });
}

weir_code weir_document_when_kept(weir_document* document, weir_when_settled then, void* user, weir_error** error) {
  return weir::c::guarded(error, [&] {
    auto done = weir::c::usable(document, then);
    return done ? document->document.when_kept(weir::c::telling(then, user)) : done;
  });
}

weir_code weir_document_set_presence(weir_document* document, const void* data, std::size_t size, weir_error** error) {
  return weir::c::guarded(error, [&]() -> weir::Result<void> {
    if (auto done = weir::c::usable(document); !done) return done;
    const auto bytes = weir::c::read_bytes(data, size);
    if (!bytes) return bytes.error();
    document->document.set_presence(*bytes);
    return {};
  });
}

weir_code weir_document_set_key(weir_document* document, std::uint32_t key_id, const std::uint8_t* key,
                                weir_error** error) {
  return weir::c::guarded(error, [&]() -> weir::Result<void> {
    if (auto done = weir::c::usable(document); !done) return done;
    if (!key) return weir::c::invalid("key is NULL");
    if (!document->sealed)
      return weir::fail(weir::Code::failed_precondition,
                        "this document was opened without a key; close it, and open it with one");
    return document->document.set_key(weir::c::key_of(key_id, key));
  });
}

void weir_document_close(weir_document* document) {
  if (document && !document->closed.exchange(true)) document->document.close();
}

void weir_document_free(weir_document* document) {
  const std::unique_ptr<weir_document> freed(document);
  weir_document_close(document);
}
