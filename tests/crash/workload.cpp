#include "workload.hpp"

namespace weir::storage::crash {
namespace {

ProducerId producer_of(std::uint64_t number) {
  ProducerId id;
  id.bytes.fill(std::byte{0xC5});
  id.bytes[15] = static_cast<std::byte>(number);
  return id;
}

constexpr std::uint64_t ephemeral_producer = 100;

}  // namespace

Workload::Workload(std::uint64_t seed) : random_(seed) {
  for (const auto& [lane, space] : {std::pair{1, "alpha"}, {1, "beta/two"}, {2, "gamma"}})
    for (const char* document : {"plan", "notes", "a drawing"})
      places_.push_back({{static_cast<std::uint64_t>(lane)},
                         std::make_shared<const DocumentPath>(
                             DocumentPath{SpaceName::parse(space).value(), DocumentName::parse(document).value()})});
}

std::uint64_t Workload::below(std::uint64_t limit) { return random_() % limit; }

std::vector<DocumentPath> Workload::paths() const {
  std::vector<DocumentPath> paths;
  for (const Place& place : places_) paths.push_back(*place.path);
  return paths;
}

bool Workload::step(DeltaLog& log, Model& model, const std::function<void()>& meanwhile) {
  bool all_answered = true;
  for (std::uint64_t left = 1 + below(6); left > 0; --left) {
    const Place& place = places_[below(places_.size())];
    // Where to cut is what the log has told, so that must not depend on how fast it is.
    auto cut = std::exchange(all_answered, false) && chance(3) ? any_cut(place, model) : std::nullopt;
    Append append = cut ? *std::move(cut) : any_append(place, model);
    const auto ticket = model.submit(place.lane, append);
    log.append(place.lane, std::move(append),
               [&model, ticket](const Result<Appended>& result) { model.answered(ticket, result); });
  }
  meanwhile();
  look(log, model);
  model.wait();
  return !model.refused();
}

void Workload::reset_lanes(DeltaLog& log, Model& model) const {
  for (const Lane lane : {Lane{1}, Lane{2}}) {
    log.reset(lane);
    model.forget_failed(lane);
  }
}

void Workload::look(const DeltaLog& log, Model& model) const {
  for (const Place& place : places_) {
    const auto state = log.space(place.path->space);
    if (state) model.saw_head(place.path->space, state->head);
  }
}

/// Behind any record but those that were cut before; nothing when there is none.
std::optional<Append> Workload::any_cut(const Place& place, const Model& model) {
  const ModelDocument document = model.known(place.lane, *place.path);
  if (document.state != DocumentLife::alive || document.cut == document.records.size()) return std::nullopt;
  Append append;
  append.kind = AppendKind::cut;
  append.path = place.path;
  append.epoch = model.epoch(document.life);
  append.time = {time_};
  append.cut_records = document.cut + 1 + below(document.records.size() - document.cut);
  append.cut_chain = chain_start(*place.path);
  for (std::size_t i = 0; i < append.cut_records; ++i) {
    const Record& record = document.records[i];
    append.cut = record.offset;
    append.cut_payload_bytes += record.payload.size();
    append.cut_chain =
        chain_next(append.cut_chain, record.producer, record.sequence, record.codec, record.payload.view());
  }
  return append;
}

Append Workload::any_append(const Place& place, const Model& model) {
  const ModelDocument document = model.believed(place.lane, *place.path);
  Append append;
  append.path = place.path;
  append.epoch = model.epoch(document.life);
  append.time = {time_ += below(3)};
  if (document.state == DocumentLife::deleted) {
    append.kind = AppendKind::recreate;
  } else if (document.state == DocumentLife::alive && chance(30)) {
    append.kind = AppendKind::tombstone;
    return append;
  }
  if (chance(5)) {
    const std::string key(1, static_cast<char>('a' + below(3)));
    append.notes.push_back({key, chance(8) ? any_payload() : SharedBytes::copy(std::to_string(below(1000)))});
  }
  if (append.kind == AppendKind::deltas && (append.notes.empty() || chance(2))) add_deltas(append, document);
  return append;
}

void Workload::add_deltas(Append& append, const ModelDocument& document) {
  append.principal = "principal-" + std::to_string(below(3));
  if (chance(8)) {
    append.producer = producer_of(ephemeral_producer);
    append.first_sequence = {1 + below(1000)};
  } else {
    append.producer = producer_of(1 + below(3));
    const auto mark = document.marks.find(append.producer);
    append.assumed_mark = mark == document.marks.end() ? Sequence{} : mark->second.sequence;
    append.first_sequence = append.assumed_mark->plus(chance(20) ? 1 + below(50) : 1);
  }
  for (std::uint64_t left = 1 + below(4); left > 0; --left) append.deltas.push_back({{below(3)}, any_payload()});
}

SharedBytes Workload::any_payload() {
  const std::size_t size = chance(40) ? below(60'000) : chance(4) ? below(6'000) : below(60);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random_());  // does not compress
  return SharedBytes::copy(bytes);
}

}  // namespace weir::storage::crash
