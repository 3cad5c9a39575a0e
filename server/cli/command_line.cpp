#include "weir/cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "weir/cli/docs.hpp"
#include "weir/config/load.hpp"

namespace weir::cli {

namespace {

constexpr const char* footer =
    "Examples:\n"
    "  weir serve                                         http://127.0.0.1:8787/, data in ./weir-data\n"
    "  weir serve --data /var/lib/weir --http 127.0.0.1:9000\n"
    "  weir serve --set limits.payload_bytes_max=4MiB     any setting; `weir config print` lists them\n"
    "  weir health                                        is the relay here ready?\n"
    "  weir docs ls                                       the spaces of a stopped relay\n"
    "  weir docs ls acme-notes                            the documents of a space\n"
    "  weir docs tail acme-notes plan --from 120 --limit 10\n"
    "  weir config check /etc/weir.toml\n"
    "\n"
    "Settings come from one TOML file (--config), WEIR_* environment variables over it, and flags over both.\n"
    "Exit codes: 0 done; 1 it could not be done, and standard error says why; 2 the command line is wrong.";

/// The flags that change settings, as given.
struct SettingFlags {
  std::string file;
  std::vector<std::string> assignments;
  std::vector<config::Flag> flags;

  /// Adds a flag that sets `key`.
  void add(CLI::App& app, const std::string& name, const std::string& key, const std::string& help) {
    app.add_option_function<std::string>(
        name, [this, name, key](const std::string& value) { flags.push_back({key, value, name}); }, help);
  }

  void add_file(CLI::App& app) { app.add_option("--config", file, "TOML file of settings (or WEIR_CONFIG)"); }

  void add_all(CLI::App& app) {
    add_file(app);
    add(app, "--data", "data", "Folder of the store (or WEIR_DATA; default ./weir-data)");
    add(app, "--http", "http", "ADDR:PORT for HTTP and WebSocket (or WEIR_HTTP; default 127.0.0.1:8787)");
    add(app, "--grpc", "grpc", "ADDR:PORT for gRPC, or off (or WEIR_GRPC)");
    app.add_flag_callback(
        "--insecure", [this] { flags.push_back({"insecure", "true", "--insecure"}); },
        "Allow an address that other machines can reach, though nobody is asked who they are");
    add(app, "--log-level", "log.level", "debug, info, warning or error");
    add(app, "--log-format", "log.format", "text or json");
    app.add_option("--set", assignments, "KEY=VALUE for any setting; may be repeated")->allow_extra_args(false);
  }

  [[nodiscard]] Result<config::Loaded> load() const {
    config::Sources sources;
    sources.environment = config::process_environment;
    if (!file.empty()) {
      sources.file = file;
    } else if (const auto named = config::process_environment("WEIR_CONFIG")) {
      sources.file = *named;
    }
    sources.flags = flags;
    for (const std::string& assignment : assignments) {
      const std::size_t equals = assignment.find('=');
      if (equals == std::string::npos) {
        return fail(Code::invalid_argument, "--set takes KEY=VALUE, not \"" + assignment + "\"");
      }
      sources.flags.push_back({assignment.substr(0, equals), assignment.substr(equals + 1), "--set"});
    }
    return config::load(sources);
  }
};

int complain(const Error& error) {
  std::cerr << "weir: " << error.message << '\n';
  return exit_failed;
}

void add_serve(CLI::App& app, SettingFlags& flags, const Program& program, int& status) {
  CLI::App* serve = app.add_subcommand("serve", "Run the relay until SIGTERM or Ctrl-C");
  flags.add_all(*serve);
  serve->callback([&] {
    const auto loaded = flags.load();
    status = loaded ? program.serve(loaded->settings) : complain(loaded.error());
  });
}

void add_health(CLI::App& app, SettingFlags& flags, const Program& program, int& status) {
  CLI::App* health = app.add_subcommand("health", "Ask a running relay whether it is ready: 0 when it is");
  flags.add_file(*health);
  flags.add(*health, "--http", "http", "ADDR:PORT where it listens (or WEIR_HTTP; default 127.0.0.1:8787)");
  health->callback([&] {
    const auto loaded = flags.load();
    status = loaded ? program.health(loaded->settings) : complain(loaded.error());
  });
}

void add_config(CLI::App& app, SettingFlags& flags, int& status) {
  CLI::App* config = app.add_subcommand("config", "Show or check settings");
  config->require_subcommand(1);
  CLI::App* print = config->add_subcommand("print", "Every setting, its value, and where the value came from");
  flags.add_all(*print);
  print->callback([&] {
    const auto loaded = flags.load();
    if (!loaded) {
      status = complain(loaded.error());
    } else {
      std::cout << config::print(*loaded);
    }
  });
  CLI::App* check = config->add_subcommand("check", "Read a configuration file and say what is wrong with it");
  auto file = std::make_shared<std::string>();
  check->add_option("FILE", *file, "The TOML file")->required();
  check->callback([&status, file] {
    const auto loaded = config::load({.file = *file});
    if (!loaded) {
      status = complain(loaded.error());
    } else {
      std::cout << *file << ": good\n";
    }
  });
}

/// What every `docs` command needs: the store, and how to print.
void add_docs_command(CLI::App& docs, const std::string& name, const std::string& help, SettingFlags& flags,
                      int& status, DocsCommand (*command)(const DocsOptions&), bool needs_document) {
  CLI::App* app = docs.add_subcommand(name, help);
  auto options = std::make_shared<DocsOptions>();
  flags.add_file(*app);
  flags.add(*app, "--data", "data", "Folder of the store of a stopped relay");
  app->add_flag("--json", options->json, "One JSON object a line");
  auto* space = app->add_option("SPACE", options->space, "The space's name");
  if (needs_document) {
    space->required();
    app->add_option("DOC", options->document, "The document's name")->required();
  }
  if (name == "tail") {
    app->add_option("--from", options->from, "Records with an offset above this one");
    app->add_option("--limit", options->limit, "At most so many records (default: all)");
  }
  app->callback([&flags, &status, options, command] {
    const auto loaded = flags.load();
    if (!loaded) {
      status = complain(loaded.error());
      return;
    }
    const auto done = run_docs(loaded->settings.data, *options, command(*options), std::cout);
    if (!done) status = complain(done.error());
  });
}

void add_docs(CLI::App& app, SettingFlags& flags, int& status) {
  CLI::App* docs = app.add_subcommand("docs", "Look into the store of a stopped relay; nothing is changed");
  docs->require_subcommand(1);
  add_docs_command(
      *docs, "ls", "The spaces, or the documents of a space", flags, status,
      [](const DocsOptions& options) { return options.space.empty() ? DocsCommand::spaces : DocsCommand::documents; },
      false);
  add_docs_command(
      *docs, "show", "One document's state of affairs", flags, status,
      [](const DocsOptions&) { return DocsCommand::show; }, true);
  add_docs_command(
      *docs, "tail", "A document's records, oldest first", flags, status,
      [](const DocsOptions&) { return DocsCommand::tail; }, true);
}

}  // namespace

int run(int argc, const char* const* argv, const Program& program) {
  CLI::App app("weir: a store-and-forward relay for CRDT deltas", "weir");
  app.footer(footer);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of every command");
  int status = 0;
  SettingFlags flags;
  add_serve(app, flags, program, status);
  add_health(app, flags, program, status);
  add_docs(app, flags, status);
  add_config(app, flags, status);
  app.add_subcommand("version", "Print the version")->callback([&] {
    std::cout << "weir " << program.version << '\n';
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  }
  return status;
}

}  // namespace weir::cli
