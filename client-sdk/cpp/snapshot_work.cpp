#include "weir/client/snapshot_work.hpp"

#include <algorithm>
#include <utility>

namespace weir::client {
namespace {

Time lease(std::uint64_t milliseconds) { return Time(static_cast<Time::rep>(milliseconds & 0xFFFF'FFFF)); }

}  // namespace

void SnapshotWork::on(const frames::SnapshotWanted& event) {
  make_until_ = link_.now() + lease(event.lease_ms);
  look();
}

void SnapshotWork::on(const frames::AttestationWanted& event) {
  check_.emplace();
  check_->about = event;
  check_->deadline = link_.now() + lease(event.lease_ms);
  check_->read = event.offset;
  frames::SnapshotHeader header;
  header.hash = event.hash;
  header.size = event.size;
  const SnapshotReader::Limits limits{.bytes_max = link_.welcome()->snapshot_bytes_max, .unpacks = link_.takes_packs()};
  if (!check_->bytes.begin(header, limits)) return check_.reset();
  read_bytes(0);
}

void SnapshotWork::read_bytes(std::uint64_t position) {
  frames::ReadSnapshot read;
  read.path = owner_.path();
  read.offset = check_->about.offset;
  read.hash = check_->about.hash;
  read.position = position;
  check_->request = link_.ask(owner_.logic(), std::move(read));
}

void SnapshotWork::read_records() {
  frames::ReadHistory read;
  read.path = owner_.path();
  read.after = check_->read;
  check_->request = link_.ask(owner_.logic(), std::move(read));
}

void SnapshotWork::on(const frames::SnapshotChunk& event) {
  if (!check_ || event.request != check_->request) return;
  check_->request = 0;
  const auto whole = check_->bytes.add(event);
  // What cannot even be read is for the relay to find out; this client cannot tell.
  if (!whole || link_.now() > check_->deadline) return check_.reset();
  if (!*whole) return read_bytes(check_->bytes.position());
  check_->whole = check_->bytes.take();
  check_->has_bytes = true;
  look();
}

void SnapshotWork::on(const frames::History& event) {
  if (!check_ || event.request != check_->request) return;
  check_->request = 0;
  if (event.cut > check_->about.offset) return check_.reset();  // it cannot be compared any more
  for (const Record& record : event.records) check_->records.push_back(record);
  check_->read = std::max(check_->read, event.offset);
  if (!event.complete) return read_records();
  look();
}

bool SnapshotWork::refused(std::uint64_t request) {
  if (!check_ || request != check_->request) return false;
  check_.reset();
  return true;
}

void SnapshotWork::look() {
  if (make_until_ && link_.now() > *make_until_) make_until_.reset();
  if (check_ && link_.now() > check_->deadline) check_.reset();
  if (!make_until_ && !check_) return;
  const std::optional<Cursor> at = owner_.idle_at();
  if (!at) return;
  if (std::exchange(make_until_, std::nullopt) && at->offset.value > 0) link_.tell(SnapshotAsked{owner_.id(), *at});
  if (check_ && check_->has_bytes && check_->request == 0) look_at_check(*at);
}

/// Only when both have the same records can the two be compared.
void SnapshotWork::look_at_check(const Cursor& at) {
  if (at.offset > check_->read) return read_records();
  if (at.offset < check_->read) return;  // what is missing comes
  const SnapshotCheck done = *std::exchange(check_, std::nullopt);
  // What cannot be opened is not said to be wrong: this client may lack a key.
  const auto snapshot = owner_.readable({done.whole, done.about.codec, done.records}, done.about.offset);
  if (snapshot) link_.tell(AttestationAsked{owner_.id(), done.about.offset, done.about.hash, *snapshot});
}

void SnapshotWork::forget() {
  make_until_.reset();
  check_.reset();
}

}  // namespace weir::client
