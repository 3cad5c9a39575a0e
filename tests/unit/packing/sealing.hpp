// Packs opened and closed by hand: the content of their frame, changed at will, under checksums that are right.
//
//   SharedBytes lie = sealed(content_of(pack) + "more", *inspect(pack.view()));
//
// Threads: pure functions.
#pragma once

#include <string>

#include "weir/packing/header.hpp"
#include "weir/vocabulary/bytes.hpp"

namespace weir::packing {

/// What the frame of a sound pack holds.
[[nodiscard]] std::string content_of(const SharedBytes& pack);

/// A pack with this content, and with this head but for the body's size and checksum.
[[nodiscard]] SharedBytes sealed(const std::string& content, PackHeader header);

}  // namespace weir::packing
