// The native protocol, weir.v1: frames as they are, nothing translated.
//
// Threads: a dialect on its session's thread; the encoder is stateless and shared by all.
#pragma once

#include "weir/core/dialect.hpp"
#include "weir/core/limits.hpp"

namespace weir::native {

/// Records, packs and presence as events of ServerFrame.
class NativeEncoder final : public core::DeliveryEncoder {
 public:
  /// A reader's own records come back as stubs, without their payloads.
  [[nodiscard]] SharedBytes records(DocumentHandle document, std::span<const Record> records, bool own) const override;
  [[nodiscard]] SharedBytes pack(DocumentHandle document, const SharedBytes& pack) const override;
  [[nodiscard]] SharedBytes snapshot(DocumentHandle document, const Snapshot& snapshot, Offset base_offset,
                                     const SnapshotPart& part) const override;
  [[nodiscard]] SharedBytes presence(const frames::PresenceUpdate& update) const override;
};

class NativeDialect final : public core::Dialect {
 public:
  explicit NativeDialect(const core::Limits& limits) : limits_(limits) {}

  [[nodiscard]] core::DialectKind kind() const override { return core::DialectKind::native; }
  [[nodiscard]] bool framed() const override { return false; }
  [[nodiscard]] std::size_t message_bytes_max() const override {
    return greeted_ ? limits_.frame_bytes_max : limits_.hello_bytes_max;
  }
  void opened(core::SessionPort&) override {}
  /// A message that is not a frame is answered with an error and ends the connection (close code 1002).
  void message(const SharedBytes& message, core::SessionPort& port) override;
  void event(const frames::ServerEvent& event, core::SessionPort& port) override;
  void cover_granted(DocumentHandle, std::string, core::SessionPort&) override {}  // native clients know what they sent
  void snapshot_wanted(const core::SnapshotTurn& turn, core::SessionPort& port) override;
  void attestation_wanted(const core::AttestationTurn& turn, core::SessionPort& port) override;
  void tick(core::Now, core::SessionPort&) override {}

 private:
  const core::Limits& limits_;
  bool greeted_ = false;
};

}  // namespace weir::native
