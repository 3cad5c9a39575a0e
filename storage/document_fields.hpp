// What tools are told of a document's state, and under which names: the same over HTTP and on the command line.
//
//   each_field(state, [&](const char* name, const auto& value) { json[name] = value; });
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "weir/vocabulary/append.hpp"

namespace weir::storage {

[[nodiscard]] constexpr std::string_view text_of(DocumentLife life) {
  if (life == DocumentLife::alive) return "alive";
  return life == DocumentLife::deleted ? "deleted" : "absent";
}

/// Numbers, and strings; among these the epoch, which uses all 64 bits, more than a JSON reader may keep.
template <class Add>
void each_field(const DocumentState& state, const Add& add) {
  add("life", text_of(state.life));
  add("epoch", std::to_string(state.epoch.value));
  add("head", state.head.value);
  add("records", state.records);
  add("payload_bytes", state.payload_bytes);
  add("first_time", state.first_time.value);
  add("last_time", state.last_time.value);
  add("cut", state.cut.value);
  add("cut_records", state.cut_records);
  add("cut_payload_bytes", state.cut_payload_bytes);
}

}  // namespace weir::storage
