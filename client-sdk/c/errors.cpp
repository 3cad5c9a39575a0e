#include <weir.h>

#include "weir/c/handles.hpp"

namespace weir::c {

weir_code report(weir_error** error, client::ErrorKind kind, const Error& what) noexcept {
  if (error) {
    try {
      *error = std::make_unique<weir_error>(weir_error{client::make_error(kind, what.code, what.message)}).release();
    } catch (const std::bad_alloc&) {
      *error = nullptr;  // the code alone
    }
  }
  return static_cast<weir_code>(what.code);
}

weir_code report(weir_error** error, const Error& what) noexcept {
  return report(error, what.code == Code::cancelled ? client::ErrorKind::closed : client::ErrorKind::other, what);
}

namespace {

weir_kind kind_of(client::ErrorKind kind) {
  using client::ErrorKind;
  switch (kind) {
    case ErrorKind::other: return WEIR_KIND_OTHER;
    case ErrorKind::deleted: return WEIR_KIND_DELETED;
    case ErrorKind::epoch_changed: return WEIR_KIND_EPOCH_CHANGED;
    case ErrorKind::fenced: return WEIR_KIND_FENCED;
    case ErrorKind::resend_refused: return WEIR_KIND_RESEND_REFUSED;
    case ErrorKind::producer_owned: return WEIR_KIND_PRODUCER_OWNED;
    case ErrorKind::access_denied: return WEIR_KIND_ACCESS_DENIED;
    case ErrorKind::payload_too_large: return WEIR_KIND_PAYLOAD_TOO_LARGE;
    case ErrorKind::outbox_full: return WEIR_KIND_OUTBOX_FULL;
    case ErrorKind::snapshot: return WEIR_KIND_SNAPSHOT;
    case ErrorKind::protocol: return WEIR_KIND_PROTOCOL;
    case ErrorKind::connection: return WEIR_KIND_CONNECTION;
    case ErrorKind::closed: return WEIR_KIND_CLOSED;
    case ErrorKind::tampered: return WEIR_KIND_TAMPERED;
    case ErrorKind::unsealed: return WEIR_KIND_UNSEALED;
    case ErrorKind::unknown_key: return WEIR_KIND_UNKNOWN_KEY;
    case ErrorKind::forked: return WEIR_KIND_FORKED;
    case ErrorKind::replayed: return WEIR_KIND_REPLAYED;
    case ErrorKind::missing_records: return WEIR_KIND_MISSING_RECORDS;
    case ErrorKind::store: return WEIR_KIND_STORE;
    case ErrorKind::pack: return WEIR_KIND_PACK;
  }
  return WEIR_KIND_OTHER;
}

}  // namespace
}  // namespace weir::c

weir_code weir_error_code(const weir_error* error) {
  return error ? static_cast<weir_code>(error->about.error.code) : WEIR_OK;
}

weir_kind weir_error_kind(const weir_error* error) {
  return error ? weir::c::kind_of(error->about.kind) : WEIR_KIND_OTHER;
}

const char* weir_error_message(const weir_error* error) { return error ? error->about.error.message.c_str() : ""; }

std::uint64_t weir_error_retry_after_ms(const weir_error* error) { return error ? error->about.retry_after_ms : 0; }

void weir_error_free(weir_error* error) { const std::unique_ptr<weir_error> freed(error); }

const char* weir_code_name(int code) {
  if (code == WEIR_OK) return "OK";
  if (code < WEIR_CANCELLED || code > WEIR_UNAUTHENTICATED) return "UNKNOWN";
  return weir::name(static_cast<weir::Code>(code)).data();  // of literals, which end in a zero
}

const char* weir_version(void) { return WEIR_VERSION; }

weir_code weir_answer_add(weir_answer* answer, const void* data, std::size_t size) {
  return weir::c::guarded(nullptr, [&]() -> weir::Result<void> {
    if (!answer) return weir::c::invalid("answer is NULL");
    const auto bytes = weir::c::read_bytes(data, size);
    if (!bytes) return bytes.error();
    answer->pieces.push_back(weir::SharedBytes::copy(*bytes));
    return {};
  });
}
