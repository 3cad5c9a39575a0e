// Values from text and back: words, numbers, sizes ("64KiB"), times ("10s"), lists ("a, b").
#include <algorithm>
#include <charconv>
#include <optional>

#include "weir/config/keys.hpp"

namespace weir::config {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
// The largest that divides a value is the one it is printed with.
constexpr Unit size_units[] = {{"GiB", 1024 * mebi}, {"MiB", mebi}, {"KiB", kibi}, {"B", 1}, {"", 1}};
constexpr Unit time_units[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}, {"s", 1000}, {"ms", 1}};

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// A number and one of the units; nothing when it is neither or too large.
std::optional<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit = trim(text.substr(static_cast<std::size_t>(end - text.data())));
  for (const Unit& known : units) {
    if (unit != known.name) continue;
    if (number > std::numeric_limits<std::uint64_t>::max() / known.factor) return std::nullopt;
    return number * known.factor;
  }
  return std::nullopt;
}

std::string print_with_unit(std::uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) return std::to_string(value / unit.factor) + std::string(unit.name);
  }
  return "0" + std::string(units.back().name);
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result.push_back('\\');
    result.push_back(c);
  }
  return result + "\"";
}

Error wrong(const Key& key, std::string_view text, const std::string& right) {
  return fail(Code::invalid_argument, std::string(key.name) + " = " + quoted(text) + " is not right: " + right);
}

std::string range_text(const Key& key, std::span<const Unit> units) {
  const auto print = [&](std::uint64_t value) {
    return units.empty() ? std::to_string(value) : print_with_unit(value, units);
  };
  return "from " + print(key.least) + " to " + print(key.most);
}

Result<std::uint64_t> parse_number(const Key& key, std::string_view text, std::span<const Unit> units,
                                   const std::string& example) {
  static constexpr Unit none[] = {{"", 1}};
  const auto value = parse_with_unit(text, units.empty() ? std::span<const Unit>(none) : units);
  if (!value) return wrong(key, text, "write " + example);
  if (*value < key.least || *value > key.most) return wrong(key, text, "it may be " + range_text(key, units));
  return *value;
}

/// One visitor for each kind of field.
struct Setter {
  Settings& settings;
  const Key& key;
  std::string_view text;

  Result<void> operator()(std::string Settings::* field) const {
    if (!key.choices.empty() && std::find(key.choices.begin(), key.choices.end(), text) == key.choices.end()) {
      std::string list;
      for (const std::string_view choice : key.choices) list += (list.empty() ? "" : ", ") + std::string(choice);
      return wrong(key, text, "it is one of " + list);
    }
    settings.*field = text;
    return {};
  }
  Result<void> operator()(bool Settings::* field) const {
    if (text != "true" && text != "false") return wrong(key, text, "write true or false");
    settings.*field = text == "true";
    return {};
  }
  Result<void> operator()(std::uint64_t Settings::* field) const {
    const auto value = parse_number(key, text, {}, "a number");
    if (!value) return value.error();
    settings.*field = *value;
    return {};
  }
  Result<void> operator()(Bytes Settings::* field) const {
    const auto value = parse_number(key, text, size_units, "a size such as 64KiB, 1MiB or 4096");
    if (!value) return value.error();
    (settings.*field).value = *value;
    return {};
  }
  Result<void> operator()(Milliseconds Settings::* field) const {
    const auto value = parse_number(key, text, time_units, "a time with its unit, such as 500ms, 10s, 5min, 1h or 7d");
    if (!value) return value.error();
    settings.*field = Milliseconds(*value);
    return {};
  }
  Result<void> operator()(List Settings::* field) const {
    List list;
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t size = std::min(rest.find(','), rest.size());
      if (const std::string_view entry = trim(rest.substr(0, size)); !entry.empty()) list.emplace_back(entry);
      rest.remove_prefix(std::min(size + 1, rest.size()));
    }
    settings.*field = std::move(list);
    return {};
  }
};

struct Printer {
  const Settings& settings;

  std::string operator()(std::string Settings::* field) const { return quoted(settings.*field); }
  std::string operator()(bool Settings::* field) const { return settings.*field ? "true" : "false"; }
  std::string operator()(std::uint64_t Settings::* field) const { return std::to_string(settings.*field); }
  std::string operator()(Bytes Settings::* field) const {
    return quoted(print_with_unit((settings.*field).value, std::span(size_units).first(4)));
  }
  std::string operator()(Milliseconds Settings::* field) const {
    return quoted(print_with_unit(static_cast<std::uint64_t>((settings.*field).count()), time_units));
  }
  std::string operator()(List Settings::* field) const {
    std::string list;
    for (const std::string& entry : settings.*field) list += (list.empty() ? "" : ", ") + quoted(entry);
    return "[" + list + "]";
  }
};

}  // namespace

Result<void> set(Settings& settings, const Key& key, std::string_view text) {
  return std::visit(Setter{settings, key, trim(text)}, key.field);
}

Result<void> set(Settings& settings, const Key& key, List list) {
  const auto* field = std::get_if<List Settings::*>(&key.field);
  if (field == nullptr) return fail(Code::invalid_argument, std::string(key.name) + " is one value, not a list");
  settings.** field = std::move(list);
  return {};
}

std::string value_text(const Settings& settings, const Key& key) { return std::visit(Printer{settings}, key.field); }

}  // namespace weir::config
