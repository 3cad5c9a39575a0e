// A pack on its way from the log to a reader that can unpack it (docs/pack-format.md): nobody in between looks inside.
//
// Threads: a plain value.
#pragma once

#include "weir/vocabulary/bytes.hpp"
#include "weir/vocabulary/ids.hpp"

namespace weir {

/// All records of one document from `first` to `last`, compressed.
struct PackedRecords {
  Offset first;
  Offset last;
  SharedBytes bytes;
};

}  // namespace weir
