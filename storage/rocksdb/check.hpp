// What the log refuses, whoever asks: appends that make no sense, and appends that assume another state.
//
// Threads: pure functions.
#pragma once

#include <optional>

#include "weir/storage/delta_log.hpp"

namespace weir::storage::rocks {

/// INVALID_ARGUMENT for what no hub should ever send.
[[nodiscard]] std::optional<Error> refuse_shape(const Append& append);
/// ABORTED when the document is not in the state the append assumes. `mark` is the producer's (0: none).
[[nodiscard]] std::optional<Error> refuse_state(const Append& append, DocumentLife life, Epoch epoch, Sequence mark);

}  // namespace weir::storage::rocks
