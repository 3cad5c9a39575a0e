#include <array>

#include "weir/app/metrics.hpp"

namespace weir::app {

namespace {

constexpr std::array<const char*, shard::transports> transport_names{"websocket", "grpc"};
constexpr std::array<const char*, core::dialect_kinds> dialect_names{"native", "yjs"};
/// As google.rpc numbers them: what a client may be told.
constexpr std::array codes{
    Code::cancelled,      Code::unknown,           Code::invalid_argument,   Code::not_found,
    Code::already_exists, Code::permission_denied, Code::resource_exhausted, Code::failed_precondition,
    Code::aborted,        Code::out_of_range,      Code::unimplemented,      Code::internal,
    Code::unavailable,    Code::data_loss,         Code::unauthenticated};

template <class Array>
void add_to(Array& sum, const Array& other) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += other[i];
}

void add_to(shard::Traffic& sum, const shard::Traffic& other) {
  sum.sessions_opened += other.sessions_opened;
  sum.sessions_closed += other.sessions_closed;
  sum.messages_received += other.messages_received;
  sum.bytes_received += other.bytes_received;
  sum.bytes_sent += other.bytes_sent;
}

void add_to(shard::Reads& sum, const shard::Reads& other) {
  sum.open += other.open;
  sum.inspect += other.inspect;
  sum.resend += other.resend;
  sum.catch_up += other.catch_up;
  sum.snapshot += other.snapshot;
  sum.history += other.history;
  sum.records += other.records;
  sum.bytes += other.bytes;
}

void add_to(core::HubCounts& sum, const core::HubCounts& other) {
  add_to(sum.publishes, other.publishes);
  add_to(sum.deltas, other.deltas);
  add_to(sum.delta_bytes, other.delta_bytes);
  add_to(sum.duplicates, other.duplicates);
  sum.presence_updates += other.presence_updates;
  sum.presences += other.presences;
  sum.snapshots_stored += other.snapshots_stored;
  sum.snapshots_refused += other.snapshots_refused;
  sum.snapshots_verified += other.snapshots_verified;
  sum.snapshots_quarantined += other.snapshots_quarantined;
  sum.cuts += other.cuts;
}

void add_to(shard::Counters& sum, const shard::Counters& other) {
  sum.sessions += other.sessions;
  sum.documents += other.documents;
  sum.queued_bytes += other.queued_bytes;
  sum.in_flight_bytes += other.in_flight_bytes;
  sum.sessions_paused += other.sessions_paused;
  sum.sessions_behind += other.sessions_behind;
  sum.appends_pending += other.appends_pending;
  sum.delivered_live += other.delivered_live;
  sum.delivered_from_log += other.delivered_from_log;
  sum.fell_behind += other.fell_behind;
  sum.packs_sent += other.packs_sent;
  sum.snapshots_sent += other.snapshots_sent;
  add_to(sum.refused, other.refused);
  for (std::size_t transport = 0; transport < shard::transports; ++transport)
    for (std::size_t dialect = 0; dialect < core::dialect_kinds; ++dialect)
      add_to(sum.traffic[transport][dialect], other.traffic[transport][dialect]);
  add_to(sum.reads, other.reads);
  add_to(sum.hub, other.hub);
}

void add_traffic(Families& families, const shard::Counters& sum) {
  const auto each = [&](Families::Family family, auto value) {
    for (std::size_t transport = 0; transport < shard::transports; ++transport) {
      for (std::size_t dialect = 0; dialect < core::dialect_kinds; ++dialect) {
        const shard::Traffic& traffic = sum.traffic[transport][dialect];
        const bool over_grpc = transport == static_cast<std::size_t>(shard::Transport::grpc);
        if (over_grpc && dialect != static_cast<std::size_t>(core::DialectKind::native)) continue;  // spoken nowhere
        family.add(value(traffic), {{"transport", transport_names[transport]}, {"dialect", dialect_names[dialect]}});
      }
    }
  };
  using shard::Traffic;
  each(families.gauge("weir_sessions", "Open sessions."),
       [](const Traffic& traffic) { return traffic.sessions_opened - traffic.sessions_closed; });
  each(families.counter("weir_sessions_opened_total", "Sessions that were opened."),
       [](const Traffic& traffic) { return traffic.sessions_opened; });
  each(families.counter("weir_received_messages_total", "Messages that clients sent."),
       [](const Traffic& traffic) { return traffic.messages_received; });
  each(families.counter("weir_received_bytes_total", "Bytes of these messages, without framing."),
       [](const Traffic& traffic) { return traffic.bytes_received; });
  each(families.counter("weir_sent_bytes_total", "Bytes handed to clients' connections, without the native framing."),
       [](const Traffic& traffic) { return traffic.bytes_sent; });
}

void add_sessions(Families& families, const shard::Counters& sum) {
  families.gauge("weir_sessions_behind", "Sessions that are served from the log because they are not up to date.")
      .add(sum.sessions_behind);
  families.gauge("weir_sessions_paused", "Sessions that are not read because too much of theirs is under way.")
      .add(sum.sessions_paused);
  families.gauge("weir_session_queue_bytes", "What waits in memory to be sent, of all sessions.").add(sum.queued_bytes);
  families.gauge("weir_session_in_flight_bytes", "What was published and is not answered yet, of all sessions.")
      .add(sum.in_flight_bytes);
  families.counter("weir_fell_behind_total", "Times a reader's queue was full, so that it went on from the log.")
      .add(sum.fell_behind);
  families.counter("weir_deliveries_total", "Deliveries queued for sessions: live, or read from the log.")
      .add(sum.delivered_live, {{"source", "live"}})
      .add(sum.delivered_from_log, {{"source", "log"}});
  families.counter("weir_packs_sent_total", "Packs sent as they lie in the store, to who was catching up.")
      .add(sum.packs_sent);
  auto refusals = families.counter("weir_refusals_total", "Errors that clients were told, by their google.rpc code.");
  for (const Code code : codes)
    refusals.add(sum.refused[static_cast<std::size_t>(code)], {{"code", std::string(name(code))}});
}

void add_hubs(Families& families, const shard::Counters& sum) {
  const auto each = [&](Families::Family family, const core::ByDialect& values) {
    for (std::size_t dialect = 0; dialect < core::dialect_kinds; ++dialect)
      family.add(values[dialect], {{"dialect", dialect_names[dialect]}});
  };
  families.gauge("weir_documents_open", "Documents in memory: used now or a moment ago.").add(sum.documents);
  each(families.counter("weir_publishes_total", "Publishes that were made durable."), sum.hub.publishes);
  each(families.counter("weir_deltas_total", "Deltas in them."), sum.hub.deltas);
  each(families.counter("weir_delta_bytes_total", "Bytes of these deltas' payloads."), sum.hub.delta_bytes);
  each(families.counter("weir_duplicates_total", "Deltas that came again and were answered as stored."),
       sum.hub.duplicates);
  families.counter("weir_presence_updates_total", "Changes of presence that were sent on.")
      .add(sum.hub.presence_updates);
  families.gauge("weir_presences", "Presences shown, of all open documents.").add(sum.hub.presences);
  families.gauge("weir_appends_pending", "Appends the hubs have given to the log and have no answer to.")
      .add(sum.appends_pending);
  families
      .counter("weir_reads_total",
               "Reads of the store: to open a document, to look up a mark, to compare a resend, to catch up, of a "
               "snapshot for who joins, of what was.")
      .add(sum.reads.open, {{"kind", "open"}})
      .add(sum.reads.inspect, {{"kind", "inspect"}})
      .add(sum.reads.resend, {{"kind", "resend"}})
      .add(sum.reads.catch_up, {{"kind", "catch_up"}})
      .add(sum.reads.snapshot, {{"kind", "snapshot"}})
      .add(sum.reads.history, {{"kind", "history"}});
  families.counter("weir_read_records_total", "Records read for sessions that were catching up.")
      .add(sum.reads.records);
  families.counter("weir_read_bytes_total", "Bytes of these records' payloads.").add(sum.reads.bytes);
}

void add_snapshots(Families& families, const shard::Counters& sum) {
  families.counter("weir_snapshots_stored_total", "Snapshots of clients that were taken.")
      .add(sum.hub.snapshots_stored);
  families.counter("weir_snapshots_refused_total", "Snapshots and attestations that were not taken.")
      .add(sum.hub.snapshots_refused);
  families.counter("weir_snapshots_verified_total", "Snapshots that another client has confirmed.")
      .add(sum.hub.snapshots_verified);
  families.counter("weir_snapshots_quarantined_total", "Snapshots that were reported as bad, or withdrawn.")
      .add(sum.hub.snapshots_quarantined);
  families.counter("weir_snapshots_sent_total", "Snapshots, or layers of one, sent to who joined.")
      .add(sum.snapshots_sent);
  families.counter("weir_cuts_total", "Times that records were forgotten behind a snapshot.").add(sum.hub.cuts);
}

}  // namespace

void add_shard_metrics(Families& families, const std::vector<std::unique_ptr<shard::Shard>>& shards) {
  shard::Counters sum;
  shard::Timings timings = shards.front()->timings();
  for (const auto& shard : shards) {
    add_to(sum, shard->counters());
    if (shard == shards.front()) continue;
    const shard::Timings more = shard->timings();
    timings.acknowledged += more.acknowledged;
    timings.delivered += more.delivered;
  }
  add_traffic(families, sum);
  add_sessions(families, sum);
  add_hubs(families, sum);
  add_snapshots(families, sum);
  families.seconds("weir_acknowledgement_seconds",
                   "From a publish coming in to its acknowledgement being queued: it is durable then.",
                   timings.acknowledged);
  families.seconds("weir_delivery_seconds",
                   "From a publish coming in to a live reader's socket having taken it; of what goes out in one write, "
                   "the oldest.",
                   timings.delivered);
}

}  // namespace weir::app
