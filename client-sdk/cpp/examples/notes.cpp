// notes: a map of notes in a terminal, shared with everyone who has it open, browsers included
// (client-sdk/examples/notes).
//
//   notes set milk "2 litres"      notes rm milk      notes ls      notes watch
//   notes                          stays and reads such commands from its input, also while the relay is away
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <future>
#include <iostream>
#include <memory>
#include <mutex>
#include <random>
#include <sstream>

#include "notes_map.hpp"
#include "weir/client/client.hpp"

namespace {

using weir::Result;
using weir::client::Client;
using weir::client::Document;
using weir::client::RecordsRead;
using weir::client::Settled;
using weir::client::WhenSettled;

struct Place {
  std::string address = "127.0.0.1:8788";
  std::string space = "demo";
  std::string document = "notes";
};

notes::Replica random_replica() {
  std::random_device device;
  notes::Replica replica;
  for (char& byte : replica) byte = static_cast<char>(device());
  return replica;
}

void complain(const weir::Error& error) { std::fprintf(stderr, "%s\n", error.message.c_str()); }

/// Others wrote it: what a terminal would take for a command is not shown.
void print(const notes::Write& note) {
  std::string line = note.text ? note.name + ": " + *note.text : note.name + " is gone";
  std::replace_if(line.begin(), line.end(), [](char byte) { return (byte >= 0 && byte < ' ') || byte == 0x7f; }, '?');
  std::fwrite((line + '\n').data(), 1, line.size() + 1, stdout);
}

/// A map of notes and the relay's document behind it. The client's thread and the terminal's share it.
class Notes {
 public:
  Notes(const Place& place, bool prints_changes) : prints_changes_(prints_changes), client_(client_options(place)) {}

  [[nodiscard]] Result<void> open(const Place& place) {
    weir::client::Handlers handlers;
    handlers.on_records = [this](const RecordsRead& read) { take(read); };
    handlers.on_error = [](const auto& failed) { complain(failed.error.error); };
    handlers.state = [this] { return state(); };
    const Result<Document> document = client_.subscribe({place.space, place.document}, std::move(handlers));
    if (!document) return document.error();
    document_ = *document;
    return {};
  }

  /// Here at once; on the relay as soon as it can be reached.
  void write(std::string_view name, const notes::Text& text) {
    const std::scoped_lock lock(mutex_);
    const std::optional<std::string> delta = map_.write(name, text);
    if (!delta) return complain({weir::Code::invalid_argument, "a note has a name and a text, both in UTF-8"});
    if (const Result<void> taken = document_->publish(*delta); !taken) return complain(taken.error());
    map_.apply(*delta);
  }
  void list() {
    const std::scoped_lock lock(mutex_);
    const std::vector<notes::Write> all = map_.all();
    std::for_each(all.begin(), all.end(), print);
    std::printf("(%zu %s)\n", all.size(), all.size() == 1 ? "note" : "notes");
    std::fflush(stdout);
  }
  [[nodiscard]] bool wait_until_caught_up() { return wait(&Document::when_caught_up); }
  [[nodiscard]] bool wait_until_stored() { return wait(&Document::when_stored); }

 private:
  static weir::client::ClientOptions client_options(const Place& place) {
    // Somebody sits in front of it: it tries often.
    return {.address = place.address,
            .session = {.backoff_max = std::chrono::seconds(2)},
            .on_connection_error = [](const auto& error) { complain(error.error); }};
  }
  void take(const RecordsRead& read) {
    const std::scoped_lock lock(mutex_);
    for (const auto& [record, own, stub] : read.records) {
      if (stub || record.codec != weir::Codec{}) continue;
      const std::optional<notes::Write> changed = map_.apply(record.payload.view());
      if (changed && prints_changes_) print(*changed);
    }
    std::fflush(stdout);
  }
  std::vector<weir::SharedBytes> state() {
    const std::scoped_lock lock(mutex_);
    std::vector<weir::SharedBytes> all;
    for (const std::string& delta : map_.deltas()) all.push_back(weir::SharedBytes::copy(delta));
    return all;
  }
  bool wait(Result<void> (Document::*condition)(WhenSettled)) {
    const auto answer = std::make_shared<std::promise<Settled>>();
    const Result<void> taken =
        (*document_.*condition)([answer](const Settled& settled) { answer->set_value(settled); });
    if (!taken) return complain(taken.error()), false;
    const Settled settled = answer->get_future().get();
    if (settled.error) complain(settled.error->error);
    return !settled.error;
  }

  const bool prints_changes_;
  std::mutex mutex_;
  notes::NotesMap map_{random_replica()};
  std::optional<Document> document_;
  Client client_;  // last: its thread ends before what its callbacks use
};

/// "set milk 2 litres": the rest of the line is the text.
int read_commands(Notes& notes) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    std::string name;
    std::string text;
    words >> command >> name >> std::ws;
    std::getline(words, text);
    if (command == "set")
      notes.write(name, text);
    else if (command == "rm")
      notes.write(name, std::nullopt);
    else if (command == "ls")
      notes.list();
    else
      std::fprintf(stderr, "set NAME TEXT, rm NAME, or ls\n");
  }
  return notes.wait_until_stored() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Notes that are shared. Without a command: reads set, rm and ls from the input, one a line.");
  Place place;
  std::string name;
  std::string text;
  app.add_option("--relay", place.address, "host:port of the relay's gRPC door")->capture_default_str();
  app.add_option("--space", place.space)->capture_default_str();
  app.add_option("--document", place.document)->capture_default_str();
  CLI::App* set = app.add_subcommand("set", "write a note, and wait until it is durable");
  set->add_option("name", name)->required();
  set->add_option("text", text)->required();
  CLI::App* remove = app.add_subcommand("rm", "remove a note, and wait until that is durable");
  remove->add_option("name", name)->required();
  CLI::App* list = app.add_subcommand("ls", "print all notes");
  CLI::App* watch = app.add_subcommand("watch", "print what changes, for ever");
  app.require_subcommand(0, 1);
  CLI11_PARSE(app, argc, argv);

  Notes notes(place, app.get_subcommands().empty() || *watch);
  if (const Result<void> opened = notes.open(place); !opened) return complain(opened.error()), 2;
  if (app.get_subcommands().empty()) return read_commands(notes);
  if (!notes.wait_until_caught_up()) return 1;
  if (*list) notes.list();
  if (*set) notes.write(name, text);
  if (*remove) notes.write(name, std::nullopt);
  if (*watch) std::promise<void>().get_future().wait();
  return notes.wait_until_stored() ? 0 : 1;
}
