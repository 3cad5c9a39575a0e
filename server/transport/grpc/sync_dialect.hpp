// The native dialect, with an ear for the last error that was told: gRPC ends a stream with a code, and that is the
// error's which ended it. Private to this module.
//
// Threads: its session's.
#pragma once

#include <memory>
#include <optional>

#include "weir/native/native_dialect.hpp"

namespace weir::rpc {

class SyncDialect final : public core::Dialect {
 public:
  using LastError = std::shared_ptr<std::optional<frames::ErrorEvent>>;
  SyncDialect(const core::Limits& limits, LastError last_error) : inner_(limits), last_error_(std::move(last_error)) {}

  [[nodiscard]] core::DialectKind kind() const override { return inner_.kind(); }
  [[nodiscard]] bool framed() const override { return inner_.framed(); }
  [[nodiscard]] std::size_t message_bytes_max() const override { return inner_.message_bytes_max(); }
  void opened(core::SessionPort& port) override { inner_.opened(port); }
  void message(const SharedBytes& message, core::SessionPort& port) override {
    last_error_->reset();
    inner_.message(message, port);
  }
  void event(const frames::ServerEvent& event, core::SessionPort& port) override {
    if (const auto* error = std::get_if<frames::ErrorEvent>(&event)) *last_error_ = *error;
    inner_.event(event, port);
  }
  void cover_granted(DocumentHandle document, std::string cover, core::SessionPort& port) override {
    inner_.cover_granted(document, std::move(cover), port);
  }
  void snapshot_wanted(const core::SnapshotTurn& turn, core::SessionPort& port) override {
    inner_.snapshot_wanted(turn, port);
  }
  void attestation_wanted(const core::AttestationTurn& turn, core::SessionPort& port) override {
    inner_.attestation_wanted(turn, port);
  }
  void tick(core::Now now, core::SessionPort& port) override { inner_.tick(now, port); }

 private:
  native::NativeDialect inner_;
  LastError last_error_;
};

}  // namespace weir::rpc
