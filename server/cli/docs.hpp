// `weir docs`: looking into the store of a stopped relay. Opens it read-only and changes nothing.
//
// Threads: blocking; any one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <limits>
#include <string>

#include "weir/storage/delta_log.hpp"

namespace weir::cli {

enum class DocsCommand : std::uint8_t { spaces, documents, show, tail };

struct DocsOptions {
  std::string space;
  std::string document;
  bool json = false;
  std::uint64_t from = 0;
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
};

/// On the store in a relay's data folder. NOT_FOUND for what is not there; FAILED_PRECONDITION while a relay runs on
/// it.
[[nodiscard]] Result<void> run_docs(const std::filesystem::path& data, const DocsOptions& options, DocsCommand command,
                                    std::ostream& out);
/// On a log that is open.
[[nodiscard]] Result<void> run_docs(const storage::DeltaLog& log, const DocsOptions& options, DocsCommand command,
                                    std::ostream& out);

}  // namespace weir::cli
