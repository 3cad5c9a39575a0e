// tail: a document's records in a terminal, as they come; with --publish, each line of the input becomes a delta first.
//
//   tail 127.0.0.1:8788 acme-notes plan
//   echo hello | tail 127.0.0.1:8788 acme-notes plan --publish      ends when all of it is stored
//   echo hello | tail 127.0.0.1:8788 acme-notes plan --publish --store ~/.tail    what was not is sent by the next one
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

/// All of it at once: the store has it, says "kept" for each line, and sends what an earlier process has left.
int publish_kept(Document document) {
  for (std::string line; std::getline(std::cin, line);) {
    if (const auto taken = document.publish(line); !taken) return complain(taken.error());
    std::promise<Settled> kept;
    if (const auto taken = document.when_kept([&](const Settled& settled) { kept.set_value(settled); }); !taken)
      return complain(taken.error());
    if (const Settled settled = kept.get_future().get(); settled.error) return complain(settled.error->error);
    std::printf("kept %s\n", line.c_str());
    std::fflush(stdout);
  }
  std::promise<void> stored;
  const auto taken = document.when_stored([&](const Settled&) { stored.set_value(); });
  if (!taken) return complain(taken.error());
  stored.get_future().wait();
  return 0;
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
  std::string store_folder;
  app.add_option("--store", store_folder, "with --publish: a folder that keeps what could not be sent yet");
  bool without_packs = false;
  app.add_flag("--without-packs", without_packs, "everything comes as records, for comparison");
  CLI11_PARSE(app, argc, argv);

  std::shared_ptr<weir::client::ClientStore> store;
  if (!store_folder.empty()) {
    const auto opened = weir::client::ClientStore::open(store_folder);
    if (!opened) return complain(opened.error());
    store = *opened;
  }
  std::promise<int> over;
  Client client({.address = address,
                 .store = store,
                 .session = {.packs = !without_packs},
                 .on_connection_error = [](const auto& error) { complain(error.error); }});
  const auto document =
      client.subscribe({space, name}, {.on_records = publishes ? std::function<void(const RecordsRead&)>() : print,
                                       .on_caught_up = [] { std::fprintf(stderr, "caught up\n"); },
                                       .on_error =
                                           [&over](const auto& failed) {
                                             complain(failed.error.error);
                                             if (failed.over) over.set_value(1);
                                           }});
  if (!document) return complain(document.error());
  if (!publishes) return over.get_future().get();
  return store ? publish_kept(*document) : publish_input(*document);
}
