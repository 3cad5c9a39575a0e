// weir_bench: puts a load on a server that runs already and prints what was measured as one line of JSON. It is what
// tests/bench/run.mjs calls for each figure of its table; docs/benchmarks.md says how to read them.
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

#include "load.hpp"

int main(int argc, char** argv) {
  using namespace weir::bench;
  Options options;
  CLI::App app("Puts a load on a server on 127.0.0.1 and prints what was measured as JSON. See ./dev bench.");
  const std::map<std::string, Protocol> protocols{
      {"native", Protocol::native}, {"grpc", Protocol::grpc}, {"yjs", Protocol::yjs}};
  app.add_option("--protocol", options.protocol, "native (weir.v1), grpc (the same over gRPC) or yjs (y-websocket)")
      ->transform(CLI::CheckedTransformer(protocols))
      ->required();
  app.add_option("--port", options.port, "where the server listens")->required();
  app.add_option("--server", options.server, "its process, whose CPU time is measured")->required();
  app.add_option("--updates", options.updates, "a file that make_updates.mjs wrote")->required();
  app.add_option("--path", options.path, "yjs: what stands before the room");
  app.add_option("--documents", options.documents, "each with one author");
  app.add_option("--subscribers", options.subscribers, "of each document, beside its author");
  app.add_flag("--saturated", options.saturated, "as fast as the window allows, instead of at a rate");
  app.add_option("--rate", options.rate, "updates a second and document")->check(CLI::PositiveNumber);
  app.add_option("--burst", options.burst, "updates that are published together")->check(CLI::Range(1ul, window_max));
  app.add_option("--window", options.window, "updates in flight, a document")->check(CLI::Range(1ul, window_max));
  app.add_option("--warm-window", options.warm_window, "the same while warming up")->check(CLI::Range(1ul, window_max));
  app.add_option("--warm-up", options.warm_up_seconds, "seconds, half of them saturated");
  app.add_option("--seconds", options.seconds, "seconds that are measured")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  const Updates updates(options.updates);
  Load load(options, updates);
  load.run();
  std::cout << load.json() << '\n';
  return 0;
}
