// What a shard has done since it began, for operators and benchmarks. Numbers and nothing else, so that they can be
// shown to other threads word by word (observe::Published); several shards' can be added up.
//
// Threads: plain values.
#pragma once

#include <array>
#include <cstdint>

#include "weir/core/counts.hpp"
#include "weir/observe/histogram.hpp"
#include "weir/shard/connection.hpp"
#include "weir/vocabulary/error.hpp"

namespace weir::shard {

/// Of the sessions of one transport and dialect. Bytes are those of whole messages, without framing and TLS.
struct Traffic {
  std::uint64_t sessions_opened = 0;
  std::uint64_t sessions_closed = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
};

/// Reads of the store that a shard asked for, by their reason.
struct Reads {
  std::uint64_t open = 0;      ///< a document was opened
  std::uint64_t inspect = 0;   ///< a producer's mark or a cursor's chain value
  std::uint64_t resend = 0;    ///< a resend was compared
  std::uint64_t catch_up = 0;  ///< a reader was behind
  std::uint64_t snapshot = 0;  ///< a part of a snapshot, for who joins
  std::uint64_t history = 0;   ///< a client looked back
  std::uint64_t records = 0;   ///< that readers who were behind got
  std::uint64_t bytes = 0;     ///< of their payloads
};

inline constexpr std::size_t codes_max = 17;  ///< google.rpc codes end at 16

struct Counters {
  // As of the last tick, a quarter of a second ago at most.
  std::uint64_t sessions = 0;   ///< open
  std::uint64_t documents = 0;  ///< open
  std::uint64_t queued_bytes = 0;
  std::uint64_t in_flight_bytes = 0;
  std::uint64_t sessions_paused = 0;
  std::uint64_t sessions_behind = 0;
  std::uint64_t appends_pending = 0;
  // Sums since the start.
  std::uint64_t delivered_live = 0;
  std::uint64_t delivered_from_log = 0;
  std::uint64_t fell_behind = 0;
  std::uint64_t packs_sent = 0;
  std::uint64_t snapshots_sent = 0;
  std::array<std::uint64_t, codes_max> refused{};  ///< by code: errors that clients were told
  std::array<std::array<Traffic, core::dialect_kinds>, transports> traffic{};
  Reads reads;
  core::HubCounts hub;
};

struct Timings {
  observe::Snapshot acknowledged;  ///< from a publish coming in to its answer, once durable, being queued
  observe::Snapshot delivered;     ///< from a publish coming in to the write that brought it to a live reader
};

}  // namespace weir::shard
