// tail: a document's records in a terminal, as they come; with --publish, each line of the input becomes a delta first.
//
//   tail 127.0.0.1:8788 acme-notes plan
//   echo hello | tail 127.0.0.1:8788 acme-notes plan --publish      ends when all of it is stored
#include <CLI/CLI.hpp>
#include <cstdio>
#include <future>
#include <iostream>
#include <memory>
#include <string>

#include "weir/client/client.hpp"

namespace {

using weir::client::Client;
using weir::client::Document;
using weir::client::RecordsRead;
using weir::client::Settled;

void print(const RecordsRead& read) {
  for (const auto& [record, own, stub] : read.records)
    std::printf("%llu %s %.*s\n", static_cast<unsigned long long>(record.offset.value),
                own ? "mine" : record.producer.hex().substr(0, 8).c_str(), static_cast<int>(record.payload.size()),
                record.payload.view().data());
  std::fflush(stdout);
}

int complain(const weir::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

/// One line at a time is on its way: simple, and no faster than the disk of the relay. load.cpp has many.
int publish_input(Document document) {
  for (std::string line; std::getline(std::cin, line);) {
    const auto answer = std::make_shared<std::promise<Settled>>();
    const auto taken = document.publish(line, [answer](const Settled& settled) { answer->set_value(settled); });
    if (!taken) return complain(taken.error());
    if (const Settled settled = answer->get_future().get(); settled.error) return complain(settled.error->error);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The records of a document, as they come.");
  std::string address;
  std::string space;
  std::string name;
  bool publishes = false;
  app.add_option("address", address, "host:port of the relay's gRPC door")->required();
  app.add_option("space", space)->required();
  app.add_option("document", name)->required();
  app.add_flag("--publish", publishes, "publish each line of the input, and end when all is stored");
  CLI11_PARSE(app, argc, argv);

  std::promise<int> over;
  Client client({.address = address, .on_connection_error = [](const auto& error) { complain(error.error); }});
  const auto document =
      client.subscribe({space, name}, {.on_records = publishes ? std::function<void(const RecordsRead&)>() : print,
                                       .on_caught_up = [] { std::fprintf(stderr, "caught up\n"); },
                                       .on_error =
                                           [&over](const auto& failed) {
                                             complain(failed.error.error);
                                             if (failed.over) over.set_value(1);
                                           }});
  if (!document) return complain(document.error());
  return publishes ? publish_input(*document) : over.get_future().get();
}
