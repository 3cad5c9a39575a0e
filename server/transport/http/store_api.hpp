// Reading, exporting and deleting over plain HTTP:
//
//   GET    /v1/spaces                                        ?after=NAME&limit=N
//   GET    /v1/spaces/{space}
//   GET    /v1/spaces/{space}/documents                      ?after=NAME&limit=N
//   GET    /v1/spaces/{space}/documents/{document}
//   GET    /v1/spaces/{space}/documents/{document}/records   ?after=OFFSET&limit=N: newline-delimited JSON, one record
//   DELETE /v1/spaces/{space}/documents/{document}             a line, payloads in base64
//
// Every answer is made on the reader pool; an export reads the next page only when the one before has been sent, so it
// costs one page of memory however long the document is.
//
// Threads: add_to() at start; the handlers as http::Handler says. It must outlive the connections.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "weir/core/authorizer.hpp"
#include "weir/http/routes.hpp"
#include "weir/runtime/executor.hpp"
#include "weir/storage/delta_log.hpp"

namespace weir::http {

class StoreApi {
 public:
  using DeleteDone = std::function<void(Result<Offset>)>;
  struct Parts {
    const storage::DeltaLog& log;
    runtime::BlockingPool& readers;
    const core::Authorizer& authorizer;
    std::function<void(DocumentPath, DeleteDone)> delete_document;
    std::size_t page_bytes = 256 << 10;
  };

  explicit StoreApi(Parts parts) : parts_(std::move(parts)) {}
  void add_to(Routes& routes);

  static constexpr std::uint64_t page_entries_max = 1000;

 private:
  using Answer = std::function<Reply()>;
  void spaces(const Request& request, const Respond& respond);
  void space(const Request& request, const Respond& respond);
  void documents(const Request& request, const Respond& respond);
  void document(const Request& request, const Respond& respond);
  void records(const Request& request, const Respond& respond);
  void remove(const Request& request, const Respond& respond);

  /// Who asks, as the Authorization header proves it.
  [[nodiscard]] Result<std::string> principal(const Request& request) const;
  /// Space and document of the address, when the asker may read them.
  [[nodiscard]] Result<DocumentPath> readable(const Request& request) const;
  void on_pool(const Respond& respond, Answer answer);

  const Parts parts_;
};

}  // namespace weir::http
