#include "weir/config/load.hpp"

#include <toml++/toml.h>

#include <cstdlib>
#include <sstream>

namespace weir::config {

namespace {

/// Collects values and errors from all sources in their order.
class Loader {
 public:
  void file(const std::filesystem::path& path) {
    try {
      table(path, toml::parse_file(path.string()), "");
    } catch (const toml::parse_error& error) {
      complain(place(path, error.source()) + ": " + std::string(error.description()));
    }
  }

  void environment(const Sources& sources) {
    for (const Key& key : keys()) {
      const std::string name = environment_name(key);
      if (const auto value = sources.environment(name)) apply(key, *value, name);
    }
  }

  void flag(const Flag& flag) {
    const Key* key = find_key(flag.key);
    if (key == nullptr) return complain(flag.origin + ": " + unknown(flag.key));
    apply(*key, flag.value, flag.origin);
  }

  Result<Loaded> finish() && {
    if (!errors_.empty()) return fail(Code::invalid_argument, std::move(errors_));
    return std::move(loaded_);
  }

 private:
  static std::string place(const std::filesystem::path& path, const toml::source_region& region) {
    return path.string() + ":" + std::to_string(region.begin.line);
  }

  static std::string unknown(std::string_view name) {
    const std::string_view near = suggest(name);
    return "there is no setting \"" + std::string(name) + "\"" +
           (near.empty() ? ". `weir config print` shows all" : ". Did you mean " + std::string(near) + "?");
  }

  void table(const std::filesystem::path& path, const toml::table& table, const std::string& prefix) {
    for (const auto& [name, node] : table) {
      const std::string full = prefix + std::string(name.str());
      if (const toml::table* inner = node.as_table()) {
        this->table(path, *inner, full + ".");
      } else {
        value(place(path, node.source()), full, node);
      }
    }
  }

  void value(const std::string& origin, const std::string& name, const toml::node& node) {
    const Key* key = find_key(name);
    if (key == nullptr) return complain(origin + ": " + unknown(name));
    if (const toml::array* array = node.as_array()) return list(origin, *key, *array);
    if (const auto text = node.value_exact<std::string>()) return apply(*key, *text, origin);
    if (const auto flag = node.value_exact<bool>()) return apply(*key, *flag ? "true" : "false", origin);
    if (const auto number = node.value_exact<std::int64_t>()) return apply(*key, std::to_string(*number), origin);
    complain(origin + ": " + name + " has a value of a kind that no setting has");
  }

  void list(const std::string& origin, const Key& key, const toml::array& array) {
    List entries;
    for (const toml::node& node : array) {
      const auto text = node.value_exact<std::string>();
      if (!text) return complain(origin + ": " + std::string(key.name) + " is a list of strings");
      entries.push_back(*text);
    }
    remember(key, set(loaded_.settings, key, std::move(entries)), origin);
  }

  void apply(const Key& key, std::string_view text, const std::string& origin) {
    remember(key, set(loaded_.settings, key, text), origin);
  }

  void remember(const Key& key, const Result<void>& done, const std::string& origin) {
    if (!done) return complain(origin + ": " + done.error().message);
    loaded_.origins[std::string(key.name)] = origin;
  }

  void complain(const std::string& error) { errors_ += (errors_.empty() ? "" : "\n") + error; }

  Loaded loaded_;
  std::string errors_;
};

}  // namespace

Result<Loaded> load(const Sources& sources) {
  Loader loader;
  if (sources.file) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(*sources.file, error)) {
      return fail(Code::not_found, "there is no configuration file " + sources.file->string());
    }
    loader.file(*sources.file);
  }
  if (sources.environment) loader.environment(sources);
  for (const Flag& flag : sources.flags) loader.flag(flag);
  return std::move(loader).finish();
}

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::string print(const Loaded& loaded) {
  std::ostringstream out;
  std::string section;
  for (const Key& key : keys()) {
    const std::size_t dot = key.name.find('.');
    const std::string_view in = dot == std::string_view::npos ? std::string_view{} : key.name.substr(0, dot);
    if (in != section) {
      section = in;
      out << "\n[" << section << "]\n";
    }
    const auto origin = loaded.origins.find(key.name);
    out << "# " << key.doc << '\n'
        << (dot == std::string_view::npos ? key.name : key.name.substr(dot + 1)) << " = "
        << value_text(loaded.settings, key) << "  # "
        << (origin == loaded.origins.end() ? "default" : "from " + origin->second) << '\n';
  }
  return out.str();
}

}  // namespace weir::config
