#include "weir/cli/usage.hpp"

#include <string_view>
#include <vector>

#include "weir/config/distance.hpp"

namespace weir::cli {

namespace {

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(each->get_name());
  return names;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* each : app.get_options())
    for (const std::string& name : each->get_lnames()) names.push_back("--" + name);
  return names;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  std::string_view best;
  std::size_t least = word.size() / 3 + 2;
  for (const std::string& name : known) {
    const std::size_t away = config::edit_distance(word, name);
    if (away < least) {
      least = away;
      best = name;
    }
  }
  return best.empty() ? "" : ". Did you mean " + std::string(best) + "?";
}

}  // namespace

std::string unknown_word(const CLI::App& app, const CLI::ParseError& error) {
  const int code = error.get_exit_code();  // a command's error has the command's name
  if (code != static_cast<int>(CLI::ExitCodes::RequiredError) && code != static_cast<int>(CLI::ExitCodes::ExtrasError))
    return {};
  const CLI::App* command = &app;
  std::string called = app.get_name();
  std::vector<std::string> words = app.remaining();
  while (words.empty() && !command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    called += " " + command->get_name();
    words = command->remaining();
  }
  if (words.empty()) return {};
  const std::string word = words.front().substr(0, words.front().find('='));
  const std::string help = ". `" + called + " --help` says what there is";
  if (word.starts_with('-')) {
    const std::string meant = did_you_mean(word, options_of(*command));
    return "`" + called + "` has no option " + word + (meant.empty() ? help : meant);
  }
  const std::vector<std::string> commands = commands_of(*command);
  if (commands.empty()) return "`" + called + "` takes no further \"" + word + "\"" + help;
  const std::string meant = did_you_mean(word, commands);
  return "`" + called + "` has no command \"" + word + "\"" + (meant.empty() ? help : meant);
}

}  // namespace weir::cli
