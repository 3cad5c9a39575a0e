// The codec, fed with anything: it must not crash, and what it understood it must be able to say again.
// The first byte says which side the frame is from.
#include <cstdint>
#include <cstdlib>

#include "weir/frames/codec.hpp"

namespace {

using namespace weir;          // NOLINT
using namespace weir::frames;  // NOLINT

void check(bool holds) {
  if (!holds) std::abort();
}

void client(const SharedBytes& message) {
  const auto events =
      decode_client_frame(message, Limits{.events_max = 100, .deltas_max = 20, .payload_bytes_max = 1000});
  if (!events) return;
  std::string again;
  std::vector<ClientEvent> sayable;
  for (const ClientEvent& event : *events) {
    if (std::holds_alternative<Refused>(event)) continue;
    encode(event, again);
    sayable.push_back(event);
  }
  const auto back = decode_client_frame(SharedBytes::take(std::move(again)), Limits{});
  check(back && *back == sayable);
}

void server(const SharedBytes& message) {
  const auto events = decode_server_frame(message);
  if (!events) return;
  std::string again;
  for (const ServerEvent& event : *events) encode(event, again);
  const auto back = decode_server_frame(SharedBytes::take(std::move(again)));
  check(back && *back == *events);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const SharedBytes message = SharedBytes::copy({reinterpret_cast<const char*>(data) + 1, size - 1});
  if (data[0] % 2 == 0) {
    client(message);
  } else {
    server(message);
  }
  return 0;
}
