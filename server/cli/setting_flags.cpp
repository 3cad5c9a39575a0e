#include "weir/cli/setting_flags.hpp"

#include <iostream>

#include "weir/cli/command_line.hpp"

namespace weir::cli {

CLI::Option* SettingFlags::add(CLI::App& app, const std::string& name, const std::string& key,
                               const std::string& help) {
  return app.add_option_function<std::string>(
      name, [this, name, key](const std::string& value) { flags_.push_back({key, value, name}); }, help);
}

void SettingFlags::add_file(CLI::App& app) {
  app.add_option("--config", file_, "TOML file of settings (or WEIR_CONFIG)");
}

void SettingFlags::add_all(CLI::App& app) {
  add_file(app);
  add(app, "--data", "data", "Folder of the store (or WEIR_DATA; default ./weir-data)");
  add(app, "--http", "http", "ADDR:PORT for HTTP and WebSocket (or WEIR_HTTP; default 127.0.0.1:8787)");
  add(app, "--grpc", "grpc", "ADDR:PORT for gRPC, or off (or WEIR_GRPC)");
  app.add_flag_callback(
      "--insecure", [this] { flags_.push_back({"insecure", "true", "--insecure"}); },
      "Allow an address that other machines can reach, though nobody is asked who they are");
  add(app, "--log-level", "log.level", "debug, info, warning or error");
  add(app, "--log-format", "log.format", "text or json");
  app.add_option("--set", assignments_, "KEY=VALUE for any setting; may be repeated")->allow_extra_args(false);
}

Result<config::Loaded> SettingFlags::load() const {
  config::Sources sources;
  sources.environment = config::process_environment;
  if (!file_.empty()) {
    sources.file = file_;
  } else if (const auto named = config::process_environment("WEIR_CONFIG")) {
    sources.file = *named;
  }
  sources.flags = flags_;
  for (const std::string& assignment : assignments_) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos) {
      return fail(Code::invalid_argument, "--set takes KEY=VALUE, not \"" + assignment + "\"");
    }
    sources.flags.push_back({assignment.substr(0, equals), assignment.substr(equals + 1), "--set"});
  }
  return config::load(sources);
}

int complain(const Error& error) {
  std::cerr << "weir: " << error.message << '\n';
  return exit_failed;
}

}  // namespace weir::cli
