// A document's records as newline-delimited JSON, page by page. Private to this module.
//
//   {"offset":7,"producer":"0f...","sequence":3,"time":1714560000,"codec":0,"payload":"aGVsbG8="}
//
// An error in the middle is told in a last line, {"error": {...}}, and the connection is broken off.
//
// Threads: export_reply() on the pool, since it reads the store; its pages likewise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "weir/http/message.hpp"
#include "weir/runtime/executor.hpp"
#include "weir/storage/delta_log.hpp"

namespace weir::http {

struct ExportRange {
  Offset after;
  std::uint64_t records_max = 0;
  std::size_t page_bytes = 0;
};

/// The document as it stands now, up to its head of this moment; NOT_FOUND when it is absent or deleted.
[[nodiscard]] Reply export_reply(const storage::DeltaLog& log, runtime::BlockingPool& readers, const DocumentPath& path,
                                 ExportRange range);
[[nodiscard]] Error absent(const DocumentPath& path);
/// A whole number of the query; `otherwise` when it is not there, INVALID_ARGUMENT when it is something else.
[[nodiscard]] Result<std::uint64_t> number_parameter(const Request& request, std::string_view name,
                                                     std::uint64_t otherwise);

}  // namespace weir::http
