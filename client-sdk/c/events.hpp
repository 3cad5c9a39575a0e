// What the client tells, in the structs of weir.h, for as long as a callback takes.
//
//   handlers.on_records = [on_records, user](const RecordsRead& read) { tell(read, on_records, user.get()); };
//
// Internal. Threads: the client's.
#pragma once

#include <weir.h>

#include "weir/client/client.hpp"

namespace weir::c {

[[nodiscard]] weir_status status_of(client::Status status);
[[nodiscard]] client::WhenSettled telling(weir_when_settled then, void* user);

/// The callbacks of `options`; each keeps `user`.
[[nodiscard]] client::Handlers handlers_of(const weir_document_options& options, const std::shared_ptr<void>& user);

[[nodiscard]] Cursor cursor_of(const weir_cursor& cursor);

}  // namespace weir::c
