// What can fail in operation, as a value.
//
//   Result<Offset> append(...);
//   if (!result) return fail(Code::not_found, "document \"plan\" was deleted");
//
// The codes are those of google.rpc, so that a WebSocket client and a gRPC client read the same word. A message is
// written for the person who will meet it: what happened, to which document, what to do.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// google.rpc.Code, with its numbers; only the ones some caller acts on.
enum class Code : std::uint8_t {
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

/// The code's name as google.rpc spells it, for example "OUT_OF_RANGE".
[[nodiscard]] std::string_view name(Code code);

struct Error {
  Code code = Code::unknown;
  std::string message;
  friend bool operator==(const Error&, const Error&) = default;
};

/// boost::system::result calls this when value() is asked of an error: a defect of the caller.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(std::string(name(error.code)) + ": " + error.message);
}

template <class T>
using Result = boost::system::result<T, Error>;

[[nodiscard]] inline Error fail(Code code, std::string message) { return Error{code, std::move(message)}; }

}  // namespace weir
