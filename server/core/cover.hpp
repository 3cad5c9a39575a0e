// Cover: what the relay is known to have of a foreign protocol's state, so that a client is asked only for what is
// beyond.
//
// For Yjs it is a state vector. It grows in the same commit that makes a client's answer durable. While nothing is
// known one client at a time is asked, or all would send everything; the others wait, but no longer than a lease.
//
// Threads: a hub's own.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "weir/core/dialect.hpp"
#include "weir/core/messages.hpp"

namespace weir::core {

/// The note under which a document's cover is stored.
inline constexpr const char* cover_note = "yjs.cover";

class Cover {
 public:
  Cover(const CoverMerger& merger, std::string durable)
      : merger_(&merger), durable_(std::move(durable)), submitted_(durable_) {}

  /// The value to write with an append that adds `added`; empty when the cover already says so.
  [[nodiscard]] std::optional<std::string> grow(std::string_view added) {
    std::string merged = merger_->merge(submitted_, added);
    if (merged == submitted_) return std::nullopt;
    submitted_ = merged;
    return merged;
  }
  /// That write is durable. Who waited may ask now.
  [[nodiscard]] std::vector<SessionRef> committed(std::string value) {
    durable_ = std::move(value);
    return release();
  }
  /// Writes since the last durable one have failed.
  void rolled_back() { submitted_ = durable_; }
  void forget() {
    durable_.clear();
    submitted_.clear();
  }

  /// True: it is this session's turn now. False: it waits.
  [[nodiscard]] bool ask(SessionRef session, Time now, Time lease) {
    if (!durable_.empty()) return true;
    if (holder_) {
      waiting_.push_back(session);
      return false;
    }
    holder_ = session.id;
    lease_end_ = now + lease;
    return true;
  }
  /// The session has left; if it held the turn, the next one gets it.
  [[nodiscard]] std::optional<SessionRef> left(SessionId session, Time now, Time lease) {
    std::erase_if(waiting_, [&](const SessionRef& waiting) { return waiting.id == session; });
    if (holder_ != session) return std::nullopt;
    holder_.reset();
    if (waiting_.empty()) return std::nullopt;
    const SessionRef next = waiting_.front();
    waiting_.pop_front();
    holder_ = next.id;
    lease_end_ = now + lease;
    return next;
  }
  /// When the holder did not answer in time, everybody may ask.
  [[nodiscard]] std::vector<SessionRef> expired(Time now) {
    return holder_ && now >= lease_end_ ? release() : std::vector<SessionRef>{};
  }
  [[nodiscard]] const std::string& durable() const { return durable_; }

 private:
  [[nodiscard]] std::vector<SessionRef> release() {
    holder_.reset();
    std::vector<SessionRef> all(waiting_.begin(), waiting_.end());
    waiting_.clear();
    return all;
  }

  const CoverMerger* merger_;
  std::string durable_;
  std::string submitted_;  ///< what the appends under way will make of it
  std::optional<SessionId> holder_;
  Time lease_end_{};
  std::deque<SessionRef> waiting_;
};

}  // namespace weir::core
