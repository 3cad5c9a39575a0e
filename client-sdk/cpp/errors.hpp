// Everything that can go wrong for a client, by kind. Each message says what happened, to which document, what to do.
//
//   if (error.kind == ErrorKind::outbox_full) document.when_stored(publish_again);
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/frames/frames.hpp"

namespace weir::client {

enum class ErrorKind : std::uint8_t {
  other,
  deleted,            ///< the document was deleted; its deltas are not offered again, `recreate` opens it anew
  epoch_changed,      ///< the document's log began anew (another relay, a restored backup); subscribed again by itself
  fenced,             ///< a newer session of the same producer took over; this client has stopped
  resend_refused,     ///< a resend could not be shown to equal what is stored; a new producer id publishes it again
  producer_owned,     ///< the producer id belongs to another principal; a new one is taken
  access_denied,      ///< the token was not accepted, or does not allow this
  payload_too_large,  ///< larger than the relay takes
  outbox_full,        ///< too much waits to be stored; publish again when when_stored() calls
  snapshot,           ///< a snapshot was wrong, and the document is read without; or one was not taken by the relay
  protocol,           ///< the peer broke the protocol, or is not weir
  connection,         ///< the connection could not be made or was lost; tried again by itself
  closed,             ///< the client or the document was closed by its own application
  // With encryption, forked and the two after it also with `verify` (docs/encryption.md).
  tampered,         ///< sealed bytes were changed, or moved to another place; they are not delivered
  unsealed,         ///< a record that is not sealed came in an encrypted document; it is not delivered
  unknown_key,      ///< sealed with a key that this application does not have; the document has ended before it, or,
                    ///< without `encryption`, goes on without what is sealed, and publishes nothing
  forked,           ///< others were shown another history; the document has ended
  replayed,         ///< a record came again as a new one; the document has ended
  missing_records,  ///< records were left out or reordered; the document has ended
  store,            ///< the store on disk takes nothing (it is full, say); tried again, and nothing waits for it
  pack,             ///< a pack was wrong, and nothing of it is taken; the records come without packs from then on
};

struct ClientError {
  ErrorKind kind = ErrorKind::other;
  Error error;
  frames::Reason reason = frames::Reason::unspecified;
  std::uint64_t retry_after_ms = 0;
};

/// What the relay answered, with its kind; `where` ("space/document", or empty) begins the message.
[[nodiscard]] ClientError error_from_answer(const frames::ErrorEvent& event, std::string_view where);
[[nodiscard]] ClientError make_error(ErrorKind kind, Code code, std::string message);

/// Why a document that was subscribed without encryption is given none.
[[nodiscard]] Error takes_no_key();
/// Why nothing is published to a document that was subscribed without encryption, and is encrypted.
[[nodiscard]] ClientError lacks_key(std::string_view where);

/// Worth trying again as it is.
[[nodiscard]] bool is_transient(Code code);

}  // namespace weir::client
