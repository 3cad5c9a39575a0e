// mirror: copies the records of one document into another, with a coroutine; then stays, for what comes, unless told
// --once.
//
//   mirror 127.0.0.1:8788 acme-notes plan "plan, copied"
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "weir/client.hpp"

namespace {

using weir::client::CaughtUp;
using weir::client::Client;
using weir::client::Document;
using weir::client::Job;
using weir::client::Part;
using weir::client::Reading;
using weir::client::ReadRecord;
using weir::client::RecordsRead;

/// Only the last one is waited for: they are stored in order.
weir::client::Settling copy(const RecordsRead& read, Document& to) {
  const std::size_t last = read.records.size() - 1;
  for (std::size_t i = 0; i < last; ++i) {
    const weir::Record& record = read.records[i].record;
    if (const auto taken = to.publish({record.codec, record.payload}); !taken)
      std::fprintf(stderr, "%s\n", taken.error().message.c_str());
  }
  return publish(to, weir::Delta{read.records[last].record.codec, read.records[last].record.payload});
}

Job mirror(Reading from, Document to, bool once, bool& done) {
  while (const std::optional<Part> part = co_await from.next()) {
    if (once && std::holds_alternative<CaughtUp>(*part)) {
      done = true;
      co_return;
    }
    const auto* read = std::get_if<RecordsRead>(&*part);
    if (!read) continue;
    const auto stored = co_await copy(*read, to);
    if (stored.error) {
      std::fprintf(stderr, "%s\n", stored.error->error.message.c_str());
      co_return;
    }
    std::printf("copied %zu\n", read->records.size());
    std::fflush(stdout);
  }
  std::fprintf(stderr, "%s\n", from.error()->error.message.c_str());
}

int complain(const weir::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Copies the records of one document into another.");
  std::string address;
  std::string space;
  std::string from;
  std::string to;
  bool once = false;
  app.add_option("address", address, "host:port of the relay's gRPC door")->required();
  app.add_option("space", space)->required();
  app.add_option("from", from, "the document that is read")->required();
  app.add_option("to", to, "the document that is written")->required();
  app.add_flag("--once", once, "end when everything that was there is copied");
  CLI11_PARSE(app, argc, argv);

  Client client({.address = address, .on_connection_error = [](const auto& error) { complain(error.error); }});
  auto reading = weir::client::read(client, {space, from});
  if (!reading) return complain(reading.error());
  auto writing = client.subscribe({space, to}, {}, {.live_only = true});
  if (!writing) return complain(writing.error());
  bool done = false;
  mirror(std::move(*reading), *writing, once, done).wait();
  return done ? 0 : 1;
}
