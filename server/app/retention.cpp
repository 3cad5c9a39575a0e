#include "weir/app/retention.hpp"

#include <optional>
#include <sstream>

#include "weir/config/keys.hpp"

namespace weir::app {
namespace {

using Keep = core::Retention::Keep;

std::optional<Keep> keep_of(const std::string& word) {
  if (word == "everything") return Keep::everything;
  if (word == "since-snapshot") return Keep::since_snapshot;
  if (word == "for") return Keep::duration;
  return std::nullopt;
}

Error wrong(const std::string& line, const std::string& why) {
  return fail(Code::invalid_argument, "retention.spaces: \"" + line + "\": " + why +
                                          "; write SPACE = everything, SPACE = since-snapshot or SPACE = for 30d, and "
                                          "\"lossy\" behind it where lossy snapshots may stand in for good");
}

/// "since-snapshot", "for 30d lossy"
Result<core::Retention> parse_rule(const std::string& line, std::string_view rule, core::Retention retention) {
  std::istringstream words{std::string(rule)};
  std::string word;
  words >> word;
  const auto keep = keep_of(word);
  if (!keep) return wrong(line, "there is no rule \"" + word + "\"");
  retention.keep = *keep;
  retention.lossy = false;
  if (retention.keep == Keep::duration) {
    words >> word;
    config::Settings parsed;
    if (auto done = config::set(parsed, *config::find_key("retention.for"), word); !done)
      return wrong(line, done.error().message);
    retention.duration = std::chrono::duration_cast<std::chrono::seconds>(parsed.retention_for);
  }
  for (; words >> word; retention.lossy = true)
    if (word != "lossy") return wrong(line, "what is \"" + word + "\"?");
  return retention;
}

}  // namespace

Result<core::Retentions> retentions(const config::Settings& settings) {
  core::Retentions all;
  all.standard.keep = *keep_of(settings.retention_keep);  // one of the choices
  all.standard.duration = std::chrono::duration_cast<std::chrono::seconds>(settings.retention_for);
  all.standard.grace = std::chrono::duration_cast<std::chrono::seconds>(settings.retention_grace);
  all.standard.lossy = settings.retention_lossy;
  for (const std::string& line : settings.retention_spaces) {
    const std::size_t sign = line.rfind('=');
    if (sign == std::string::npos) return wrong(line, "no = in it");
    std::string_view name = std::string_view(line).substr(0, sign);
    while (name.ends_with(' ')) name.remove_suffix(1);
    const auto space = SpaceName::parse(name);
    if (!space) return wrong(line, space.error().message);
    auto rule = parse_rule(line, std::string_view(line).substr(sign + 1), all.standard);
    if (!rule) return rule.error();
    if (!all.spaces.emplace(*space, *rule).second) return wrong(line, "that space has a rule already");
  }
  return all;
}

}  // namespace weir::app
