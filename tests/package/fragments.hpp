// What the fragments of docs/cpp-sdk.md mention: an application around them, which tutorials.test.mjs only compiles.
//
// Threads: none; it is never run.
#pragma once

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <weir/client.hpp>

namespace weir::client {

struct Crdt {
  void merge(const weir::SharedBytes&) {}
};

class PlanSnapshots final : public Snapshotter {
 public:
  explicit PlanSnapshots(Crdt&) {}
  std::optional<MadeSnapshot> make() override { return {}; }
  std::optional<bool> check(const SnapshotToCheck&) override { return {}; }
};

struct Fragment {
  ClientOptions options;
  Client client{{}};
  DocumentAddress place{"acme-notes", "plan"};
  Handlers handlers;
  std::optional<Cursor> loaded_cursor;
  Crdt crdt;
  std::string my_cursor;
  void apply(const RecordsRead&) {}
  void fail_loudly(const std::string&) {}
  void open_it(const weir::DocumentPath&) {}
};

}  // namespace weir::client
