// tail: a document's records in a terminal, as they come; with --publish, each line of the input becomes a delta first.
//
//   tail 127.0.0.1:8788 acme-notes plan
//   echo hello | tail 127.0.0.1:8788 acme-notes plan --publish      ends when all of it is stored
#include <cstdio>
#include <future>
#include <iostream>
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

int publish_input(Document document) {
  for (std::string line; std::getline(std::cin, line);)
    document.publish(line, [](const Settled& settled) {
      if (settled.error) std::fprintf(stderr, "not stored: %s\n", settled.error->error.message.c_str());
    });
  std::promise<bool> done;
  document.when_stored([&](const Settled& settled) { done.set_value(!settled.error); });
  return done.get_future().get() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: tail HOST:PORT SPACE DOCUMENT [--publish]\n");
    return 2;
  }
  std::promise<int> over;
  Client client({.address = argv[1], .on_connection_error = [](const auto& error) {
                   std::fprintf(stderr, "%s\n", error.error.message.c_str());
                 }});
  const bool publishes = argc > 4 && std::string(argv[4]) == "--publish";
  const auto document =
      client.subscribe({argv[2], argv[3]}, {.on_records = publishes ? std::function<void(const RecordsRead&)>() : print,
                                            .on_caught_up = [] { std::fprintf(stderr, "caught up\n"); },
                                            .on_error =
                                                [&over](const auto& failed) {
                                                  std::fprintf(stderr, "%s\n", failed.error.error.message.c_str());
                                                  if (failed.over) over.set_value(1);
                                                }});
  if (!document) {
    std::fprintf(stderr, "%s\n", document.error().message.c_str());
    return 2;
  }
  return publishes ? publish_input(*document) : over.get_future().get();
}
