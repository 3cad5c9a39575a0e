#include "log_under_test.hpp"

#include <future>

namespace weir::storage::conformance {

struct Holder::State {
  std::promise<void> entered;
  std::promise<void> released;
  std::shared_future<void> until_released = released.get_future().share();
};

SpaceName holding_space() { return space_name("~holding"); }

void Holder::hold(DeltaLog& log) {
  const auto path = path_of(holding_space().text(), "hold");
  Append append;
  append.path = path;
  append.epoch = log.document(*path).value().epoch;
  append.notes = {{"held", bytes("1")}};
  state_ = std::make_shared<State>();
  log.append({~std::uint64_t{0}}, std::move(append), [state = state_](const Result<Appended>& result) {
    EXPECT_TRUE(result) << told(result);
    state->entered.set_value();
    state->until_released.wait();
  });
  state_->entered.get_future().wait();
}

void Holder::release() { std::exchange(state_, nullptr)->released.set_value(); }

SpaceName space_name(const std::string& text) { return SpaceName::parse(text).value(); }

DocumentRef path_of(const std::string& space, const std::string& document) {
  return std::make_shared<const DocumentPath>(DocumentPath{space_name(space), DocumentName::parse(document).value()});
}

ProducerId producer_of(int number) {
  ProducerId id;
  id.bytes.fill(std::byte{0xA0});
  id.bytes[15] = static_cast<std::byte>(number);
  return id;
}

SharedBytes bytes(const std::string& text) { return SharedBytes::copy(text); }

std::string told(const std::vector<Record>& records) {
  std::string text;
  for (const Record& record : records)
    text += (text.empty() ? "" : ",") + std::to_string(record.offset.value) + ":" +
            std::to_string(static_cast<int>(record.producer.bytes[15])) + ":" + std::to_string(record.sequence.value) +
            ":" + std::string(record.payload.view());
  return text;
}

std::string told(const std::vector<FeedEntry>& entries) {
  std::string text;
  for (const FeedEntry& entry : entries) {
    text += (text.empty() ? "" : ",") + std::to_string(entry.record.offset.value);
    text += "+-*/"[static_cast<std::size_t>(entry.kind)];
    text += entry.document.text();
    if (entry.kind == AppendKind::deltas) text += "=" + std::string(entry.record.payload.view());
  }
  return text;
}

std::string told(const Result<Appended>& result) {
  if (!result) return std::string(name(result.error().code)) + ": " + result.error().message;
  return std::to_string(result->first.value) + ".." + std::to_string(result->last.value);
}

Append DeltaLogConformance::deltas(const DocumentRef& path, int producer, std::uint64_t mark,
                                   const std::vector<std::string>& payloads) {
  Append append;
  append.path = path;
  append.epoch = state(path).epoch;
  append.producer = producer_of(producer);
  append.first_sequence = {mark + 1};
  append.assumed_mark = Sequence{mark};
  append.principal = "principal-" + std::to_string(producer);
  append.time = {1'700'000'000};
  for (const std::string& payload : payloads) append.deltas.push_back({{0}, bytes(payload)});
  return append;
}

Append DeltaLogConformance::noting(const DocumentRef& path, const std::string& key, const std::string& value) {
  Append append;
  append.path = path;
  append.epoch = state(path).epoch;
  append.notes = {{key, bytes(value)}};
  return append;
}

Append DeltaLogConformance::change(AppendKind kind, const DocumentRef& path) {
  Append append;
  append.kind = kind;
  append.path = path;
  append.epoch = state(path).epoch;
  append.time = {1'700'000'500};
  return append;
}

Append DeltaLogConformance::cut(const DocumentRef& path, Offset offset) {
  Append append = change(AppendKind::cut, path);
  append.cut = offset;
  if (const auto prefix = log().prefix(*path, offset)) {
    append.cut_chain = prefix->chain;
    append.cut_records = prefix->records;
    append.cut_payload_bytes = prefix->payload_bytes;
  }
  return append;
}

Result<Appended> DeltaLogConformance::append(Append append, Lane lane) {
  std::promise<Result<Appended>> done;
  log().append(lane, std::move(append), [&](Result<Appended> result) { done.set_value(std::move(result)); });
  under_test_->settle();
  return done.get_future().get();
}

Appended DeltaLogConformance::appended(Append what, Lane lane) {
  const Result<Appended> result = append(std::move(what), lane);
  EXPECT_TRUE(result) << told(result);
  return result ? *result : Appended{};
}

std::vector<Result<Appended>> DeltaLogConformance::append_together(std::vector<std::pair<Lane, Append>> appends) {
  std::vector<std::promise<Result<Appended>>> done(appends.size());
  under_test_->hold();
  for (std::size_t i = 0; i < appends.size(); ++i)
    log().append(appends[i].first, std::move(appends[i].second),
                 [&done, i](Result<Appended> result) { done[i].set_value(std::move(result)); });
  under_test_->release();
  under_test_->settle();
  std::vector<Result<Appended>> results;
  for (auto& promise : done) results.push_back(promise.get_future().get());
  return results;
}

std::string DeltaLogConformance::read(const DocumentRef& path, Offset after, Offset upto) {
  const auto page = log().read_document(*path, after, upto, plenty);
  if (!page) return std::string(name(page.error().code));
  EXPECT_TRUE(page->complete);
  return told(page->records);
}

std::string DeltaLogConformance::feed(const std::string& space, Offset after, Offset upto) {
  const auto page = log().read_space(space_name(space), after, upto, plenty);
  if (!page) return std::string(name(page.error().code));
  EXPECT_TRUE(page->complete);
  return told(page->entries);
}

std::uint64_t DeltaLogConformance::mark(const DocumentRef& path, int producer) {
  const auto mark = log().mark(*path, producer_of(producer)).value();
  return mark ? mark->sequence.value : 0;
}

std::string DeltaLogConformance::note(const DocumentRef& path, const std::string& key) {
  const auto note = log().note(*path, key).value();
  return note ? std::string(note->view()) : "(none)";
}

}  // namespace weir::storage::conformance
