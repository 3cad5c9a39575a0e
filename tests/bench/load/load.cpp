#include "load.hpp"

#include <algorithm>
#include <sstream>

#include "failure.hpp"
#include "process.hpp"

namespace weir::bench {
namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t connecting_max = 30 * second;
constexpr std::uint64_t draining_max = 30 * second;
constexpr std::uint64_t idle_max = second;  // without an update due: look at the clock again

std::uint64_t nanoseconds(double seconds) { return static_cast<std::uint64_t>(seconds * 1e9); }

}  // namespace

Load::Load(const Options& options, const Updates& updates)
    : options_(options), updates_(updates), network_(make_network(options.protocol)) {
  if (std::min(options_.window, options_.warm_window) < options_.burst) fail("a burst has to fit into the window");
}

/// Between a document's bursts, in steady mode.
std::uint64_t Load::interval() const { return nanoseconds(static_cast<double>(options_.burst) / options_.rate); }

void Load::run() {
  connect_all();
  const std::uint64_t warm_up = nanoseconds(options_.warm_up_seconds);
  saturated_ = true;
  window_ = options_.warm_window;
  drive_until(now_nanoseconds() + warm_up / 2);
  if (!options_.saturated) drain();
  saturated_ = options_.saturated;
  window_ = options_.window;
  const std::uint64_t start = now_nanoseconds();
  for (std::size_t i = 0; i < authors_.size(); ++i) authors_[i].due = start + interval() * i / authors_.size();
  drive_until(start + warm_up / 2);
  if (exhausted_) fail("the updates did not last through the warm-up; make more of them");

  const std::uint64_t begin = now_nanoseconds();
  const std::uint64_t server_before = cpu_nanoseconds(options_.server);
  const std::uint64_t own_before = own_cpu_nanoseconds();
  measured_.on = true;
  drive_until(begin + nanoseconds(options_.seconds));
  measured_.on = false;
  server_cpu_ = cpu_nanoseconds(options_.server) - server_before;
  own_cpu_ = own_cpu_nanoseconds() - own_before;
  took_ = now_nanoseconds() - begin;
  resident_ = resident_bytes(options_.server);
}

void Load::connect_all() {
  for (std::size_t d = 0; d < options_.documents; ++d) {
    documents_.push_back(std::make_unique<Document>(updates_, options_.subscribers, measured_));
    const Place place{options_.port, options_.path, "bench", "document-" + std::to_string(d)};
    for (std::size_t s = 0; s <= options_.subscribers; ++s) {
      const std::size_t number = s == 0 ? as_author : s - 1;
      clients_.push_back(make_client(options_.protocol, *network_, place, *documents_.back(), number));
      if (number == as_author) authors_.push_back({clients_.back().get(), documents_.back().get()});
    }
  }
  const std::uint64_t end = now_nanoseconds() + connecting_max;
  while (!std::ranges::all_of(clients_, [](const auto& client) { return client->ready(); })) {
    if (now_nanoseconds() > end) fail("not every client was synced within 30 seconds");
    wait(end);
  }
}

void Load::drive_until(std::uint64_t end) {
  for (std::uint64_t now = now_nanoseconds(); now < end && !exhausted_; now = now_nanoseconds()) {
    pump(now);
    std::uint64_t until = end;
    if (!saturated_) {
      for (const Author& author : authors_) {
        if (author.document->in_flight() + options_.burst <= window_) until = std::min(until, author.due);
      }
    }
    wait(until);
  }
}

/// Until nothing is in flight, so that what the warm-up piled up does not show in a steady load.
void Load::drain() {
  const std::uint64_t end = now_nanoseconds() + draining_max;
  while (std::ranges::any_of(documents_, [](const auto& document) { return document->in_flight() > 0; })) {
    if (now_nanoseconds() > end)
      fail("not every update had arrived 30 seconds after the saturated half of the warm-up");
    for (Author& each : authors_) each.client->connection().flush();
    wait(end);
  }
}

/// Reads what has come; waits for something to come, at most until then.
void Load::wait(std::uint64_t until) {
  const std::uint64_t now = now_nanoseconds();
  network_->wait(until > now ? std::min(until - now, idle_max) : 0);
}

void Load::pump(std::uint64_t now) {
  for (Author& author : authors_) {
    // What a full socket did not take goes first; with a window this small it is the server that does not read.
    if (!author.client->connection().flush()) continue;
    if (saturated_) {
      pump_saturated(author, now);
    } else {
      pump_steady(author, now);
    }
  }
}

void Load::pump_steady(Author& author, std::uint64_t now) {
  while (author.due <= now) {
    if (author.document->in_flight() + options_.burst > window_) {
      author.late = true;
      return;
    }
    if (!can_repeat() && author.document->next() + options_.burst - 1 > updates_.size()) exhausted_ = true;
    if (exhausted_) return;
    author.client->publish(options_.burst, author.late ? author.due : now);
    author.due += interval();
    author.late = author.late && author.due <= now;
  }
}

void Load::pump_saturated(Author& author, std::uint64_t now) {
  const std::uint64_t flying = author.document->in_flight();
  if (flying + options_.burst > window_) return;
  auto count = static_cast<std::size_t>(window_ - flying);
  count -= count % options_.burst;
  if (!can_repeat()) {  // a Yjs update that was seen before is no update
    const std::uint64_t left = updates_.size() + 1 - author.document->next();
    count = std::min(count, static_cast<std::size_t>(left));
    exhausted_ = exhausted_ || count == 0;
  }
  if (count > 0) author.client->publish(count, now);
}

std::string Load::json() const {
  std::ostringstream out;
  const auto quantiles = [&](const char* name, const Histogram& histogram) {
    out << ",\"" << name << "\":{\"count\":" << histogram.total();
    for (const auto& [label, part] : {std::pair{"p50", 0.5}, {"p99", 0.99}, {"p999", 0.999}}) {
      out << ",\"" << label << "\":";
      if (const auto value = histogram.quantile(part)) {
        out << static_cast<double>(*value) / 1000;
      } else {
        out << "null";
      }
    }
    out << '}';
  };
  const double seconds = static_cast<double>(took_) / 1e9;
  const double cpu = static_cast<double>(server_cpu_) / 1000;
  const auto deliveries = static_cast<double>(measured_.deliveries);
  out << "{\"seconds\":" << seconds << ",\"updates\":" << measured_.updates
      << ",\"deliveries\":" << measured_.deliveries << ",\"deliveries_per_second\":" << deliveries / seconds
      << ",\"server_cpu_share\":" << cpu / 1e6 / seconds << ",\"server_cpu_us_per_delivery\":";
  if (measured_.deliveries > 0) {
    out << cpu / deliveries;
  } else {
    out << "null";
  }
  out << ",\"server_rss_bytes\":" << resident_
      << ",\"generator_cpu_share\":" << static_cast<double>(own_cpu_) / static_cast<double>(took_)
      << ",\"ran_out_of_updates\":" << (exhausted_ ? "true" : "false");
  quantiles("ack_us", measured_.ack);
  quantiles("delivery_us", measured_.delivery);
  quantiles("first_delivery_us", measured_.first);
  out << "}";
  return std::move(out).str();
}

}  // namespace weir::bench
