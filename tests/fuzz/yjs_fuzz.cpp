// A y-websocket client that says anything. The input is a script: each step is one byte that says what happens, one for
// a length, and that many bytes of a message.
#include <cstdint>
#include <cstdlib>

#include "weir/yjs/dialect.hpp"
#include "weir/yjs/encoder.hpp"
#include "weir/yjs/state_vector.hpp"
#include "weir/yjs/target.hpp"

namespace {

using namespace weir;  // NOLINT

constexpr DocumentHandle handle{1};

void check(bool holds) {
  if (!holds) std::abort();
}

class Port final : public core::SessionPort {
 public:
  void submit(frames::ClientEvent) override {}
  void hello_foreign(std::string, std::string) override {}
  void contribute(core::Contribution contribution) override {
    check(open && contribution.document == handle);
    check(!contribution.payload || !contribution.payload->empty());
    check(!contribution.cover || yjs::parse_state_vector(*contribution.cover).has_value());
  }
  void set_presence(core::ForeignPresence presence) override {
    check(open && presence.document == handle);
    const frames::PresenceUpdate update{handle, presence.key, {}, presence.data, false};
    check(presence.data.empty() || !yjs::Encoder().presence(update).empty());
  }
  void ask_cover(DocumentHandle document) override { check(open && document == handle); }
  void offer_snapshot(core::MadeSnapshot made) override {
    check(open && made.document == handle && !made.bytes.empty());
  }
  void send(SharedBytes) override { check(!closed); }
  void close(std::uint16_t, std::string reason) override {
    check(!closed && reason.size() <= 123);
    closed = true;
  }
  bool open = false;
  bool closed = false;
};

void merge(std::string_view bytes) {
  const yjs::CoverMerger merger;
  const std::string_view half = bytes.substr(0, bytes.size() / 2);
  const std::string_view rest = bytes.substr(half.size());
  const std::string merged = merger.merge(half, rest);
  check(merged == merger.merge(rest, half));
  check(merged == merger.merge(merged, half));
}

void happen(std::uint8_t what, std::string_view bytes, yjs::Dialect& dialect, Port& port) {
  frames::ErrorEvent error;
  error.error = fail(static_cast<Code>(bytes.empty() ? 2 : bytes[0] & 0x0F), std::string(bytes));
  switch (what % 8) {
    case 0: {
      frames::Subscribed subscribed;
      subscribed.document = handle;
      if (port.open || port.closed) break;
      port.open = true;
      dialect.event(subscribed, port);
      break;
    }
    case 1: dialect.event(frames::CaughtUp{handle, {1}}, port); break;
    case 2:
      if (port.open) dialect.cover_granted(handle, std::string(bytes), port);
      break;
    case 3:
      if (!port.closed) dialect.event(error, port);
      break;
    case 4: dialect.tick({core::Time(bytes.size() * 1000), {}}, port); break;
    case 5: merge(bytes); break;
    case 6: (void)yjs::parse_target(bytes); break;
    default: dialect.message(SharedBytes::copy(bytes), port);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  core::Limits limits;
  limits.payload_bytes_max = 300;
  limits.presence_bytes_max = 40;
  limits.presence_slots_max = 3;
  Port port;
  yjs::Dialect dialect({}, limits);
  dialect.opened(port);
  for (std::size_t at = 0; at + 1 < size;) {
    const std::uint8_t what = data[at];
    const std::size_t length = std::min<std::size_t>(data[at + 1], size - at - 2);
    happen(what, {reinterpret_cast<const char*>(data) + at + 2, length}, dialect, port);
    at += 2 + length;
  }
  return 0;
}
