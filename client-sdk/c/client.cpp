#include <weir.h>

#include <mutex>

#include "weir/c/events.hpp"
#include "weir/c/handles.hpp"

namespace weir::c {
namespace {

/// Clients that were freed in a callback of their own, whose thread cannot wait for itself: another thread does, with
/// its next call here. Never destroyed, for the process may end in a callback.
class Buried {
 public:
  /// Waits for its thread; documents' handles may hold the rest for longer.
  static void end(weir_client& client) {
    client.client.reset();
    client.state->user.reset();
  }
  static void add(std::unique_ptr<weir_client> client) {
    const std::scoped_lock lock(mutex());
    clients().push_back(std::move(client));
  }
  static void clear() {
    for (const std::unique_ptr<weir_client>& client : take()) end(*client);
  }

 private:
  /// Those whose thread is not this one.
  static std::vector<std::unique_ptr<weir_client>> take() {
    std::vector<std::unique_ptr<weir_client>> over;
    const std::scoped_lock lock(mutex());
    std::erase_if(clients(), [&](std::unique_ptr<weir_client>& client) {
      if (client->client->is_this_thread()) return false;
      over.push_back(std::move(client));
      return true;
    });
    return over;
  }
  static std::mutex& mutex() {
    static auto* const one = std::make_unique<std::mutex>().release();
    return *one;
  }
  static std::vector<std::unique_ptr<weir_client>>& clients() {
    static auto* const all = std::make_unique<std::vector<std::unique_ptr<weir_client>>>().release();
    return *all;
  }
};

/// What a header had that knew nothing of making snapshots.
constexpr std::size_t options_bytes_min = offsetof(weir_client_options, makes_snapshots);

Result<client::SessionOptions> session_options(const weir_client_options& options) {
  client::SessionOptions out;
  if (options.producer && options.store) return invalid("producer and store are given; a store has its own, give none");
  if (options.producer) {
    const auto producer = ProducerId::parse({reinterpret_cast<const char*>(options.producer), 16});
    if (!producer) return producer.error();
    out.producer = *producer;
  }
  if (options.client_name) out.client_name = options.client_name;
  out.connect = !options.starts_disconnected;
  out.makes_snapshots = options.makes_snapshots != 0;
  out.packs = options.without_packs == 0;
  // Unsigned milliseconds may be more than their signed kin can hold.
  const auto milliseconds = [](std::uint64_t count) {
    return std::chrono::milliseconds(std::min<std::uint64_t>(count, std::uint64_t{1} << 40));
  };
  if (options.backoff_first_ms > 0) out.backoff_first = milliseconds(options.backoff_first_ms);
  if (options.backoff_max_ms > 0) out.backoff_max = milliseconds(options.backoff_max_ms);
  if (options.outbox_bytes_max > 0) out.outbox_bytes_max = options.outbox_bytes_max;
  return out;
}

void add_callbacks(client::ClientOptions& out, const weir_client_options& options,
                   const std::shared_ptr<ClientState>& state) {
  if (const auto call = options.token)
    out.token = [call, state] {
      weir_answer answer;
      call(state->user.get(), &answer);
      std::string token;
      for (const SharedBytes& piece : answer.pieces) token += piece.view();
      return token;
    };
  out.on_status = [call = options.on_status, state](client::Status status) {
    state->status = status;
    if (call) call(state->user.get(), status_of(status));
  };
  const auto telling_error = [&state](void (*call)(void*, const weir_error*)) {
    return [call, state](const client::ClientError& about) {
      const weir_error error{about};
      call(state->user.get(), &error);
    };
  };
  if (options.on_connection_error) out.on_connection_error = telling_error(options.on_connection_error);
  if (options.on_error) out.on_error = telling_error(options.on_error);
  if (const auto call = options.on_producer_changed)
    out.on_producer_changed = [call, state](const ProducerId& producer) {
      call(state->user.get(), reinterpret_cast<const std::uint8_t*>(producer.bytes.data()));
    };
}

void close(weir_client& client) {
  client.state->closed = true;
  client.client->close();
  client.state->status = client::Status::stopped;
}

Result<void> usable(const weir_client* client) {
  if (!client) return invalid("client is NULL");
  if (client->state->closed) return fail(Code::cancelled, "this client was closed; open a new one");
  return {};
}

}  // namespace

Result<std::unique_ptr<weir_client>> open_client(const weir_client_options& options,
                                                 std::unique_ptr<client::Transport> transport,
                                                 std::shared_ptr<client::ClientStore> store) {
  auto out = std::make_unique<weir_client>();
  out->state = std::make_shared<ClientState>();
  out->state->user = owned(options.user, options.user_released);
  client::ClientOptions wanted;
  if (options.address) wanted.address = options.address;
  wanted.tls = options.tls != 0;
  if (options.root_certificates) wanted.root_certificates = options.root_certificates;
  const Result<client::SessionOptions> session = session_options(options);
  if (!session) return session.error();
  wanted.session = *session;
  if (options.calls_waiting_max > 0) wanted.calls_waiting_max = options.calls_waiting_max;
  if (options.calls_waiting_bytes_max > 0) wanted.calls_waiting_bytes_max = options.calls_waiting_bytes_max;
  if (store) out->unsent = store->unsent();
  wanted.store = std::move(store);
  add_callbacks(wanted, options, out->state);
  out->client = std::make_unique<client::Client>(std::move(wanted), std::move(transport));
  return out;
}

}  // namespace weir::c

weir_code weir_client_open(const weir_client_options* options, weir_client** out, weir_error** error) {
  if (out) *out = nullptr;
  return weir::c::guarded(error, [&]() -> weir_code {
    const auto known = weir::c::read_options(options, weir::c::options_bytes_min, "weir_client_options");
    if (!known) return weir::c::report(error, known.error());
    const auto refuse = [&](weir::client::ErrorKind kind, const weir::Error& why) {
      const std::shared_ptr<void> released = weir::c::owned(known->user, known->user_released);
      return weir::c::report(error, kind, why);
    };
    if (!out) return refuse(weir::client::ErrorKind::other, weir::c::invalid("out is NULL"));
    weir::c::Buried::clear();
    std::shared_ptr<weir::client::ClientStore> store;
    if (known->store) {
      auto opened = weir::client::ClientStore::open(known->store);
      if (!opened) return refuse(weir::client::ErrorKind::store, opened.error());
      store = std::move(*opened);
    }
    auto client = weir::c::open_client(*known, nullptr, std::move(store));
    if (!client) return weir::c::report(error, client.error());
    *out = client->release();
    return WEIR_OK;
  });
}

weir_code weir_client_connect(weir_client* client, weir_error** error) {
  return weir::c::guarded(error, [&] {
    auto done = weir::c::usable(client);
    if (done) client->client->connect();
    return done;
  });
}

weir_code weir_client_disconnect(weir_client* client, weir_error** error) {
  return weir::c::guarded(error, [&] {
    auto done = weir::c::usable(client);
    if (done) client->client->disconnect();
    return done;
  });
}

weir_status weir_client_status(const weir_client* client) {
  return client ? weir::c::status_of(client->state->status) : WEIR_STOPPED;
}

weir_code weir_client_unsent(const weir_client* client, std::size_t index, const char** space, const char** document) {
  return weir::c::guarded(nullptr, [&]() -> weir::Result<void> {
    if (!client || !space || !document) return weir::c::invalid("client, space or document is NULL");
    *space = *document = nullptr;
    if (index >= client->unsent.size()) return weir::fail(weir::Code::out_of_range, "there are no more");
    *space = client->unsent[index].space.text().c_str();
    *document = client->unsent[index].document.text().c_str();
    return {};
  });
}

void weir_client_close(weir_client* client) {
  if (client) weir::c::close(*client);
}

void weir_client_free(weir_client* client) {
  if (!client) return;
  std::unique_ptr<weir_client> freed(client);
  weir::c::close(*client);
  if (client->client->is_this_thread()) return weir::c::Buried::add(std::move(freed));
  weir::c::Buried::end(*freed);
  weir::c::Buried::clear();
}
