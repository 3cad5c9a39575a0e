#include "weir/cli/docs_flags.hpp"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <optional>

#include "weir/cli/docs.hpp"
#include "weir/cli/docs_store.hpp"
#include "weir/cli/interruption.hpp"
#include "weir/cli/live_source.hpp"
#include "weir/cli/store_source.hpp"

namespace weir::cli {

namespace {

constexpr const char* docs_footer =
    "Two places to look at:\n"
    "  --data DIR      the store of a stopped relay (the default: ./weir-data, or the setting `data`)\n"
    "  --server ADDR   a running relay, over gRPC; the port is 8788 unless you say it\n"
    "Both give the same lines. A store belongs to one process at a time: while a relay runs on it, ask the relay.\n"
    "\n"
    "Examples:\n"
    "  weir docs ls                                            the spaces in ./weir-data\n"
    "  weir docs ls acme-notes --server 127.0.0.1              the documents of a space of a running relay\n"
    "  weir docs tail acme-notes plan --server 127.0.0.1 --follow --json | jq .offset\n"
    "  weir docs tail acme-notes --server 127.0.0.1 --follow   everything that happens in the space\n"
    "  weir docs export acme-notes plan --out plan.weir && weir docs import plan.weir acme-notes plan-copy";

constexpr const char* show_footer =
    "Of the store of a stopped relay also what the document weighs there: its records in runs, as they were "
    "published,\n"
    "and in packs, with their bytes. A running relay does not tell that.\n"
    "\n"
    "Examples:\n"
    "  weir docs show acme-notes plan";

constexpr const char* compact_footer =
    "Without DOC: every document of the space. A running relay packs by itself, so this is needed only where\n"
    "`storage.packing` is off, or before a store is put away; the relay must be stopped.\n"
    "\n"
    "Examples:\n"
    "  weir docs compact acme-notes plan\n"
    "  weir docs compact acme-notes --data /var/lib/weir";

constexpr const char* verify_footer =
    "Every checksum is compared, every record with its space's order, every document's row with its records, every\n"
    "saved chain value with what the records give; and nothing of a deleted document may be left. What belongs to no\n"
    "document at all is looked for only when the whole store is verified. Nothing is changed.\n"
    "\n"
    "A line for each finding on standard output, then what was read. Exit code 0 when all is well, 1 when it is not.\n"
    "\n"
    "Examples:\n"
    "  weir docs verify                                        all of ./weir-data\n"
    "  weir docs verify acme-notes plan --data /var/lib/weir --json";

constexpr const char* snapshots_footer =
    "A snapshot stands for all records up to its offset, so that who joins need not read them; clients make and "
    "verify\n"
    "them. Its standing: a candidate is one client's word, a verified one was confirmed by another, and one in\n"
    "quarantine was reported or withdrawn, by whom is told, and is served to nobody.\n"
    "\n"
    "Examples:\n"
    "  weir docs snapshots acme-notes plan --server 127.0.0.1 --json";

constexpr const char* withdraw_footer =
    "The snapshot goes into quarantine: who joins gets an older one, or the records. No record is discarded; but what\n"
    "was cut behind it is told by the other snapshots alone.\n"
    "\n"
    "Examples:\n"
    "  weir docs withdraw acme-notes plan 4711 --server 127.0.0.1";

constexpr const char* release_footer =
    "For when the report was wrong, or lied. The snapshot is a candidate again, as one that has just been made: it is\n"
    "served when another client has confirmed it, or an hour from now (snapshots.serve_unverified_after), and nothing\n"
    "is cut behind it before it is confirmed anew.\n"
    "\n"
    "What nobody needs is dropped ten minutes after it came into quarantine; one that stands for records that were "
    "cut\n"
    "is kept.\n"
    "\n"
    "Examples:\n"
    "  weir docs release acme-notes plan 4711 --server 127.0.0.1";

constexpr const char* as_of_help =
    "As it stood at an offset, at a time in UTC (2026-11-28T20:00:00Z, 2026-11-28), or at @ and Unix seconds";

constexpr const char* tail_footer =
    "Without DOC: the order of the whole space, with deletions, re-creations and cuts.\n"
    "\n"
    "--follow stays and prints what comes. When the relay is lost it says so on standard error, tries again, and goes "
    "on\n"
    "where it was: nothing is left out and nothing comes twice. Ctrl-C ends it with exit code 0.\n"
    "\n"
    "Examples:\n"
    "  weir docs tail acme-notes plan --from 120 --limit 10    ten records behind offset 120\n"
    "  weir docs tail acme-notes plan --as-of 2026-11-27       what was there when that day began\n"
    "  weir docs tail acme-notes plan --server 127.0.0.1 --follow";

constexpr const char* export_footer =
    "The file holds every record with its offset, producer, sequence, time, codec and payload, and proves to be whole\n"
    "when it is read (docs/export-format.md). It appears under its name only when it is complete. With it comes the\n"
    "newest snapshot that is verified, and of a document that was cut the one that stands for what is gone.\n"
    "\n"
    "Examples:\n"
    "  weir docs export acme-notes plan --out plan.weir\n"
    "  weir docs export acme-notes plan --server 127.0.0.1 | zstd > plan.weir.zst";

constexpr const char* import_footer =
    "The file is checked to its end before anything is stored. SPACE and DOC give the document another name. It must "
    "not\n"
    "have records yet; a deleted one is opened anew with --recreate.\n"
    "\n"
    "Kept: producers, sequences, codecs, payloads, their order, and so the chain value, which is compared at the end.\n"
    "Offsets become new ones, and so does the epoch. Times are kept in the store of a stopped relay; a running one\n"
    "gives its own, and producers that are connected to it meanwhile are cut off once. Snapshots come back as such; in "
    "a\n"
    "running relay as candidates. A document that was cut can be put only into the store of a stopped one.\n"
    "\n"
    "Examples:\n"
    "  weir docs import plan.weir\n"
    "  weir docs import plan.weir acme-notes plan-copy --server 127.0.0.1";

/// What one command was told.
struct Given {
  DocsOptions options;
  std::string server;
  std::string token;
};

bool needs_the_store(DocsCommand command) { return command == DocsCommand::compact || command == DocsCommand::verify; }

/// The error of opening a store, with what to do while a relay has it.
Error explain(const Error& error, DocsCommand command, const std::string& grpc) {
  if (needs_the_store(command) && error.code == Code::not_found)
    return fail(error.code, error.message.substr(0, error.message.find(", or a running")));
  if (error.message.find("in use") == std::string::npos) return error;
  if (command == DocsCommand::compact)
    return fail(error.code, error.message.substr(0, error.message.find("; stop")) +
                                "; a running relay packs by itself, and compact needs it stopped");
  if (command == DocsCommand::verify)
    return fail(error.code, error.message.substr(0, error.message.find("; stop")) +
                                "; stop it first, or verify a copy of the folder "
                                "made while it was stopped");
  return fail(error.code, error.message + ". With these settings that is --server " + grpc);
}

Result<std::unique_ptr<DocumentSource>> open_source(const Given& given, const SettingFlags& flags) {
  if (!given.server.empty()) {
    return open_live({server_address(given.server), given.token},
                     [](const std::string& notice) { std::cerr << "weir: " + notice + "\n"; });
  }
  if (given.options.follow) {
    return fail(Code::invalid_argument,
                "--follow needs a running relay: name it with --server (for example --server 127.0.0.1:8788)");
  }
  const auto loaded = flags.load();
  if (!loaded) return loaded.error();
  auto source = open_store(loaded->settings.data, changes(given.options.command));
  if (!source) return explain(source.error(), given.options.command, loaded->settings.grpc);
  return source;
}

Result<void> run_on_store(const Given& given, const SettingFlags& flags, const Streams& streams) {
  const auto loaded = flags.load();
  if (!loaded) return loaded.error();
  const auto log = open_log(loaded->settings.data, changes(given.options.command));
  if (!log) return explain(log.error(), given.options.command, loaded->settings.grpc);
  if (given.options.command == DocsCommand::compact) return compact_documents(**log, given.options, streams);
  return verify_documents(**log, given.options, streams);
}

int run(const Given& given, const SettingFlags& flags) {
  const Streams streams{std::cout,
                        std::cerr,
                        std::cin,
                        ::isatty(STDERR_FILENO) == 1,
                        ::isatty(STDOUT_FILENO) == 1,
                        ::isatty(STDIN_FILENO) == 1};
  if (needs_the_store(given.options.command)) {
    const auto done = run_on_store(given, flags, streams);
    return done ? 0 : complain(done.error());
  }
  auto source = open_source(given, flags);
  if (!source) return complain(source.error());
  std::optional<Interruption> interruption;
  if (given.options.follow) interruption.emplace();
  const auto done =
      run_docs(**source, given.options, streams, interruption ? interruption->token() : std::stop_token());
  return done ? 0 : complain(done.error());
}

struct Command {
  const char* name;
  DocsCommand command;
  const char* help;
  const char* footer = "";
};

class Adder {
 public:
  Adder(CLI::App& docs, SettingFlags& flags, int& status) : docs_(docs), flags_(flags), status_(status) {}

  /// What every command has: where to look, and how to print.
  CLI::App& add(const Command& command) {
    CLI::App* app = docs_.add_subcommand(command.name, command.help);
    app->footer(command.footer);
    given_ = std::make_shared<Given>();
    given_->options.command = command.command;
    flags_.add_file(*app);
    auto* data = flags_.add(*app, "--data", "data", "Folder of the store of a stopped relay");
    if (!needs_the_store(command.command)) {
      app->add_option("--server", given_->server, "HOST or HOST:PORT: the gRPC address of a running relay")
          ->excludes(data);
      app->add_option("--token", given_->token, "Proves to the relay who you are")->envname("WEIR_TOKEN");
    }
    app->add_flag("--json", given_->options.json, "One JSON object a line");
    app->callback([&flags = flags_, &status = status_, given = given_] { status = run(*given, flags); });
    return *app;
  }
  DocsOptions& options() { return given_->options; }
  CLI::Option* space(CLI::App& app) { return app.add_option("SPACE", options().space, "The space's name"); }
  CLI::Option* document(CLI::App& app) { return app.add_option("DOC", options().document, "The document's name"); }

 private:
  CLI::App& docs_;
  SettingFlags& flags_;
  int& status_;
  std::shared_ptr<Given> given_;
};

void add_reading(Adder& adder) {
  adder.space(adder.add({"ls", DocsCommand::ls, "The spaces, or the documents of a space"}));

  CLI::App& show = adder.add({"show", DocsCommand::show, "One document's state of affairs", show_footer});
  adder.space(show)->required();
  adder.document(show)->required();

  CLI::App& tail =
      adder.add({"tail", DocsCommand::tail, "A document's records, or a space's, oldest first", tail_footer});
  adder.space(tail)->required();
  adder.document(tail);
  tail.add_option("--from", adder.options().from, "What has an offset above this one");
  tail.add_option("--limit", adder.options().limit, "At most so many lines (default: all)");
  CLI::Option* as_of = tail.add_option("--as-of", adder.options().as_of, as_of_help);
  tail.add_flag("--follow,-f", adder.options().follow, "Stay, and print what comes; needs --server")->excludes(as_of);
}

/// About one of a document's snapshots.
CLI::App& add_for_snapshot(Adder& adder, const Command& command) {
  CLI::App& added = adder.add(command);
  adder.space(added)->required();
  adder.document(added)->required();
  added.add_option("OFFSET", adder.options().offset, "Of the snapshot, as `weir docs snapshots` tells it")->required();
  return added;
}

void add_snapshots(Adder& adder) {
  CLI::App& list =
      adder.add({"snapshots", DocsCommand::snapshots, "What stands for a document's records", snapshots_footer});
  adder.space(list)->required();
  adder.document(list)->required();

  add_for_snapshot(adder, {"withdraw", DocsCommand::withdraw, "Serve a snapshot to nobody any more", withdraw_footer});
  CLI::App& release = add_for_snapshot(
      adder, {"release", DocsCommand::release, "Take a snapshot out of quarantine, unconfirmed", release_footer});
  release.add_option("--hash", adder.options().hash, "The beginning of its hash, where several are at this offset");
}

void add_moving(Adder& adder) {
  CLI::App& out =
      adder.add({"export", DocsCommand::export_document, "A document, all of it, into one file", export_footer});
  adder.space(out)->required();
  adder.document(out)->required();
  out.add_option("--out", adder.options().file, "The file; - or nothing: standard output");
  out.add_option("--as-of", adder.options().as_of, as_of_help);

  CLI::App& in = adder.add({"import", DocsCommand::import_document, "An exported document, put back", import_footer});
  in.add_option("FILE", adder.options().file, "What `weir docs export` wrote")->required();
  CLI::Option* space = adder.space(in);
  adder.document(in)->needs(space);
  in.add_flag("--recreate", adder.options().recreate, "Open a deleted document anew");

  CLI::App& away = adder.add({"delete", DocsCommand::delete_document,
                              "End a document: its records go, and no client's old copy brings it back"});
  adder.space(away)->required();
  adder.document(away)->required();
  away.add_flag("--yes,-y", adder.options().yes, "Do not ask");
}

void add_upkeep(Adder& adder) {
  CLI::App& compact = adder.add({"compact", DocsCommand::compact,
                                 "Pack a document, or all of a space, as small as it gets; on a stopped relay's store",
                                 compact_footer});
  adder.space(compact)->required();
  adder.document(compact);

  CLI::App& verify =
      adder.add({"verify", DocsCommand::verify,
                 "Read everything of a stopped relay's store, and say what is wrong with it", verify_footer});
  CLI::Option* space = adder.space(verify);
  adder.document(verify)->needs(space);
}

}  // namespace

void add_docs(CLI::App& app, SettingFlags& flags, int& status) {
  CLI::App* docs = app.add_subcommand("docs", "Look into documents and move them, in a store or at a running relay");
  docs->require_subcommand(1);
  docs->footer(docs_footer);
  Adder adder(*docs, flags, status);
  add_reading(adder);
  add_snapshots(adder);
  add_moving(adder);
  add_upkeep(adder);
}

}  // namespace weir::cli
