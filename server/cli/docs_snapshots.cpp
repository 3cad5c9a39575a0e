// `weir docs snapshots`, `withdraw` and `release`, and what the other commands need to know of snapshots and of the
// past.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "weir/cli/docs.hpp"

namespace weir::cli {

namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// 2026-11-28 or 2026-11-28T20:00 or 2026-11-28T20:00:30, with a Z at the end or not: UTC.
std::optional<Seconds> iso_time(std::string text) {
  if (text.ends_with('Z')) text.pop_back();
  if (text.size() == 10) text += "T00:00";
  if (text.size() == 16) text += ":00";
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  int end = 0;
  const int fields =
      std::sscanf(text.c_str(), "%4u-%2u-%2u%*1[T ]%2u:%2u:%2u%n", &year, &month, &day, &hour, &minute, &second, &end);
  if (fields != 6 || static_cast<std::size_t>(end) != text.size() || text.size() != 19) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  const auto seconds = std::chrono::seconds(days) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                       std::chrono::seconds(second);
  if (seconds.count() <= 0) return std::nullopt;
  return Seconds{static_cast<std::uint64_t>(seconds.count())};
}

}  // namespace

Result<AsOf> parse_as_of(const std::string& text) {
  if (text.empty()) return AsOf{};
  if (const auto offset = number(text); offset && *offset > 0) return AsOf{{*offset}, {}};
  if (text.starts_with('@')) {
    if (const auto time = number(std::string_view(text).substr(1)); time && *time > 0) return AsOf{{}, {*time}};
  }
  if (const auto time = iso_time(text)) return AsOf{{}, *time};
  return fail(Code::invalid_argument,
              "\"" + text +
                  "\" is no moment: give an offset (120), a time in UTC (2026-11-28T20:00:00Z or 2026-11-28), or @ and "
                  "Unix seconds (@1700000000)");
}

std::vector<SnapshotLine> newest_chain(const std::vector<SnapshotLine>& all,
                                       const std::function<bool(const SnapshotLine&)>& passes) {
  // By offset: what one lies on stands before it.
  const auto chain_of = [&](std::size_t top) {
    std::vector<SnapshotLine> chain{all[top]};
    for (std::size_t at = top; chain.back().base.value != 0;) {
      do {
        if (at-- == 0) return std::vector<SnapshotLine>();
      } while (all[at].about.offset != chain.back().base || !passes(all[at]));
      chain.push_back(all[at]);
    }
    std::reverse(chain.begin(), chain.end());
    return chain;
  };
  for (std::size_t top = all.size(); top-- > 0;) {
    if (!passes(all[top])) continue;
    if (auto chain = chain_of(top); !chain.empty()) return chain;
  }
  return {};
}

Result<void> list_snapshots(DocumentSource& source, const DocumentPath& path, Printer& printer) {
  if (auto state = existing(source, path, true); !state) return state.error();
  const auto all = source.snapshots(path);
  if (!all) return all.error();
  for (const SnapshotLine& line : *all) printer.snapshot(line);
  return {};
}

Result<void> withdraw_snapshot(DocumentSource& source, const DocumentPath& path, Offset offset, Printer& printer) {
  if (auto state = existing(source, path, true); !state) return state.error();
  if (auto done = source.withdraw(path, offset); !done) return done;
  printer.withdrawn(path, offset);
  return {};
}

Result<void> release_snapshot(DocumentSource& source, const DocumentPath& path, const DocsOptions& options,
                              Printer& printer) {
  if (auto state = existing(source, path, true); !state) return state.error();
  const auto all = source.snapshots(path);
  if (!all) return all.error();
  std::vector<SnapshotLine> meant;
  std::string hashes;
  for (const SnapshotLine& line : *all) {
    const std::string hash = line.about.hash.hex();
    if (line.about.standing != SnapshotStanding::quarantined || line.about.offset.value != options.offset ||
        !hash.starts_with(options.hash))
      continue;
    meant.push_back(line);
    hashes += (hashes.empty() ? "" : ", ") + hash;
  }
  const std::string at = " in quarantine at offset " + std::to_string(options.offset);
  if (meant.empty())
    return fail(Code::not_found, "the document " + quoted(path) + " has no snapshot" + at +
                                     (options.hash.empty() ? "" : " whose hash begins with \"" + options.hash + '"') +
                                     "; `weir docs snapshots` lists what there is");
  if (meant.size() > 1)
    return fail(Code::failed_precondition, "several snapshots are" + at + "; say with --hash which: " + hashes);
  if (auto done = source.release(path, meant.front()); !done) return done;
  printer.released(path, meant.front().about.offset);
  return {};
}

}  // namespace weir::cli
