// What stands behind the handles of weir.h, and how its functions keep exceptions in: what all of this folder's sources
// need.
//
//   weir_code weir_x(weir_client* client, weir_error** error) {
//     return guarded(error, [&]() -> Result<void> { ... });
//   }
//
// Internal. Threads: as weir.h says; what a handle points to is guarded by the client beneath it, or atomic.
#pragma once

#include <weir.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "weir/client/client.hpp"

struct weir_error {
  weir::client::ClientError about;
};

struct weir_answer {
  std::vector<weir::SharedBytes> pieces{};
};

namespace weir::c {

/// What callbacks know of their client. `user` goes last, when no callback can come any more.
struct ClientState {
  std::shared_ptr<void> user;
  std::atomic<client::Status> status{client::Status::disconnected};
  std::atomic<bool> closed{false};
};

/// The application's pointer, given back when the last that holds it is gone.
[[nodiscard]] inline std::shared_ptr<void> owned(void* user, void (*released)(void*)) {
  return {user, [released](void* held) {
            if (released) released(held);
          }};
}

/// Sets `*error`, if wanted, and returns the code.
[[nodiscard]] weir_code report(weir_error** error, client::ErrorKind kind, const Error& what) noexcept;
[[nodiscard]] weir_code report(weir_error** error, const Error& what) noexcept;

/// The body of a function of weir.h: an Error becomes its code, and no exception gets out. A body that reports by
/// itself returns the code.
template <class Body>
[[nodiscard]] weir_code guarded(weir_error** error, Body body) noexcept {
  if (error) *error = nullptr;
  try {
    if constexpr (std::is_same_v<decltype(body()), weir_code>) {
      return body();
    } else {
      const Result<void> done = body();
      return done ? WEIR_OK : report(error, done.error());
    }
  } catch (const std::bad_alloc&) {
    return report(error, {Code::resource_exhausted, {}});  // no memory, nor for words
  } catch (const std::exception& caught) {
    return report(error, {Code::internal, caught.what()});
  }
}

[[nodiscard]] inline Error invalid(std::string message) { return fail(Code::invalid_argument, std::move(message)); }

/// Options of any version of weir.h, as this one's: what an older one did not have is 0. An error when a newer one
/// wants something that is not known here. `bytes_min`: what the first version had.
template <class Options>
[[nodiscard]] Result<Options> read_options(const Options* given, std::size_t bytes_min, const char* name) {
  constexpr std::size_t bytes_max = 4096;
  if (!given) return invalid(std::string(name) + " is NULL");
  const std::size_t size = given->struct_size;
  if (size < bytes_min || size > bytes_max)
    return invalid(std::string(name) + ".struct_size is " + std::to_string(size) + "; set it to sizeof(" + name + ')');
  Options known{};
  std::memcpy(&known, given, std::min(size, sizeof known));
  const char* const bytes = reinterpret_cast<const char*>(given);
  if (size > sizeof known && std::any_of(bytes + sizeof known, bytes + size, [](char byte) { return byte != 0; }))
    return fail(Code::unimplemented, std::string(name) + " sets what this version of the library, " + weir_version() +
                                         ", does not know; take a newer one, or leave it 0");
  return known;
}

/// INVALID_ARGUMENT for NULL with a size.
[[nodiscard]] inline Result<std::string_view> read_bytes(const void* data, std::size_t size) {
  if (!data && size > 0) return invalid("data is NULL, and its size is " + std::to_string(size));
  return std::string_view(static_cast<const char*>(data), size);
}

/// With a transport of one's own; null for gRPC. Tests give one. `store` is what the options name.
[[nodiscard]] Result<std::unique_ptr<weir_client>> open_client(const weir_client_options& options,
                                                               std::unique_ptr<client::Transport> transport,
                                                               std::shared_ptr<client::ClientStore> store = nullptr);

}  // namespace weir::c

struct weir_client {
  std::shared_ptr<weir::c::ClientState> state;
  std::vector<weir::DocumentPath> unsent;  ///< as its store had it in the beginning
  std::unique_ptr<weir::client::Client> client;
};

struct weir_document {
  std::shared_ptr<weir::c::ClientState> state;
  weir::client::Document document;
  bool sealed;
  std::atomic<bool> closed{false};
};
