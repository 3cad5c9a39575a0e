// Frames to bytes and back.
//
//   Result<std::vector<ClientEvent>> events = decode_client_frame(message);   // payloads are slices of `message`
//   SharedBytes bytes = encode(server_event);                                 // complete: append them to make a frame
//
// Both directions of both frames, so that tests, the simulation and the C++ SDK use the same code. What is encoded here
// can be concatenated: any number of encoded events, back to back, are one frame. Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weir/frames/frames.hpp"

namespace weir::frames {

/// What a decoder allows, so that nothing is allocated by sizes a peer merely claims.
struct Limits {
  std::size_t events_max = 10'000;
  std::size_t deltas_max = 10'000;          ///< in one publish
  std::size_t payload_bytes_max = 1 << 20;  ///< of one delta
  std::size_t presence_bytes_max = 4096;
};

/// INVALID_ARGUMENT when the bytes are not a frame: the connection is to be closed. An event that is well formed but
/// breaks a limit or a name's rule becomes a `Refused` in its place; unknown events and fields are skipped.
[[nodiscard]] Result<std::vector<ClientEvent>> decode_client_frame(const SharedBytes& message, const Limits& limits);
/// For clients: INVALID_ARGUMENT when the bytes are not a frame.
[[nodiscard]] Result<std::vector<ServerEvent>> decode_server_frame(const SharedBytes& message);

/// One event as a complete frame. Appends to `out`. A Refused is no event of the wire: encoding one is a defect.
void encode(const ServerEvent& event, std::string& out);
void encode(const ClientEvent& event, std::string& out);
/// The same for records that lie elsewhere: nothing is copied but the bytes themselves.
void encode_records(DocumentHandle document, const Record* records, std::size_t count, bool stub, std::string& out);

}  // namespace weir::frames
