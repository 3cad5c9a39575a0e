#include "weir/cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "weir/cli/docs_flags.hpp"
#include "weir/cli/setting_flags.hpp"
#include "weir/cli/usage.hpp"
#include "weir/config/load.hpp"

namespace weir::cli {

namespace {

constexpr const char* footer =
    "Examples:\n"
    "  weir serve                                         http://127.0.0.1:8787/, data in ./weir-data\n"
    "  weir serve --data /var/lib/weir --http 127.0.0.1:9000\n"
    "  weir serve --set limits.payload_bytes_max=4MiB     any setting; `weir config print` lists them\n"
    "  weir health                                        is the relay here ready?\n"
    "  weir docs ls --server localhost                    the spaces of a running relay; without: of a stopped one\n"
    "  weir docs tail acme-notes plan --server localhost --follow\n"
    "  weir docs export acme-notes plan --out plan.weir   one document in one file; import puts it back\n"
    "  weir docs verify --data /var/lib/weir              is everything in a stopped relay's store as it must be?\n"
    "  weir config check /etc/weir.toml\n"
    "\n"
    "Settings come from one TOML file (--config), WEIR_* environment variables over it, and flags over both.\n"
    "Exit codes: 0 done; 1 it could not be done, and standard error says why; 2 the command line is wrong.";

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

void add_config(CLI::App& app, SettingFlags& flags, const Program& program, int& status) {
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
  check->callback([&status, &program, file] {
    const auto loaded = config::load({.file = *file});
    if (!loaded) {
      status = complain(loaded.error());
    } else if (const auto good = program.check(loaded->settings); !good) {
      status = complain(fail(good.error().code, *file + ": " + good.error().message));
    } else {
      std::cout << *file << ": good\n";
    }
  });
}

}  // namespace

int run(int argc, const char* const* argv, const Program& program) {
  CLI::App app("weir: a store-and-forward relay for CRDT deltas", "weir");
  app.footer(footer);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of every command");
  app.set_version_flag("--version", "weir " + std::string(program.version));
  int status = 0;
  SettingFlags flags;
  add_serve(app, flags, program, status);
  add_health(app, flags, program, status);
  add_docs(app, flags, status);
  add_config(app, flags, program, status);
  app.add_subcommand("version", "Print the version")->callback([&] {
    std::cout << "weir " << program.version << '\n';
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (const std::string what = unknown_word(app, error); !what.empty()) {
      std::cerr << "weir: " << what << '\n';
      return exit_usage;
    }
    return app.exit(error) == 0 ? 0 : exit_usage;
  }
  return status;
}

}  // namespace weir::cli
