#include "weir/app/server.hpp"

#include <algorithm>
#include <future>
#include <thread>

#include "weir/app/check.hpp"
#include "weir/app/limits.hpp"
#include "weir/app/metrics.hpp"
#include "weir/app/pages.hpp"
#include "weir/app/retention.hpp"
#include "weir/app/store.hpp"
#include "weir/app/version.hpp"
#include "weir/observe/log.hpp"
#include "weir/yjs/dialect.hpp"
#include "weir/yjs/target.hpp"

namespace weir::app {

namespace {

constexpr std::string_view native_subprotocol = "weir.v1";

http::FrontDoorOptions door_options(const config::Settings& settings) {
  const auto address = *parse_address(settings.http);
  http::FrontDoorOptions options;
  options.address = address.host;
  options.port = address.port;
  options.guard = {settings.access_hosts, settings.access_origins};
  options.connections_max = settings.limits_connections_max;
  options.header_bytes_max = settings.limits_header_bytes_max.value;
  options.header_wait_max = settings.limits_header_wait_max;
  options.idle_wait_max = settings.limits_http_idle_max;
  options.close_wait_max = settings.limits_close_wait_max;
  options.server = "weir/" + std::string(version);
  return options;
}

rpc::Options grpc_options(const config::Settings& settings) {
  const auto address = *parse_address(settings.grpc);
  rpc::Options options;
  options.address = address.host;
  options.port = address.port;
  options.calls_max = settings.limits_connections_max;
  options.calls_per_connection_max = settings.limits_grpc_calls_max;
  options.metadata_bytes_max = settings.limits_header_bytes_max.value;
  options.buffer_bytes_max = settings.limits_grpc_buffer_bytes_max.value;
  options.close_wait_max = settings.limits_close_wait_max;
  options.heartbeat = settings.limits_heartbeat;
  options.reconnect_after = settings.reconnect_after;
  return options;
}

auth::OpenOptions open_options(const config::Settings& settings) {
  return {settings.spaces_create == "listed", {settings.spaces_listed.begin(), settings.spaces_listed.end()}};
}

std::size_t thread_count(const config::Settings& settings) {
  if (settings.threads > 0) return settings.threads;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 64);
}

http::Reply text_reply(unsigned status, const std::string& text) {
  http::Reply reply;
  reply.status = status;
  reply.content_type = "text/plain; charset=utf-8";
  reply.body = text + "\n";
  return reply;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const config::Settings& settings) {
  // Before a store is made.
  if (auto good = check(settings); !good) return good.error();
  if (auto free = check_addresses(settings); !free) return free.error();
  auto log = open_store(settings);
  if (!log) return log.error();
  return start(settings, std::move(*log));
}

Result<std::unique_ptr<Server>> Server::start(const config::Settings& settings, OpenLog log) {
  if (auto good = check(settings); !good) return good.error();
  auto kept = retentions(settings);
  if (!kept) return kept.error();
  // The constructor is private.
  std::unique_ptr<Server> server(new Server(settings, std::move(*kept), std::move(log)));
  if (auto listening = server->listen(); !listening) return listening.error();
  for (const auto& thread : server->threads_) thread->start();
  server->ready_ = true;
  return server;
}

Server::Server(const config::Settings& settings, core::Retentions retentions, OpenLog log)
    : settings_(settings),
      limits_(core_limits(settings)),
      retentions_(std::move(retentions)),
      authorizer_(open_options(settings)),
      log_(std::move(log)),
      readers_(settings.readers) {
  make_threads();
  add_routes();
  if (!is_off(settings_.grpc)) make_grpc();
  std::vector<runtime::IoThread*> threads;
  for (const auto& thread : threads_) threads.push_back(thread.get());
  door_ =
      std::make_unique<http::FrontDoor>(std::move(threads), door_options(settings_), routes_,
                                        [this](const http::UpgradeRequest& request) { return route_upgrade(request); });
}

Result<void> Server::listen() {
  if (auto listening = door_->listen(); !listening) return listening;
  return grpc_ ? grpc_->listen() : Result<void>();
}

void Server::make_grpc() {
  rpc::Parts parts{.log = *log_.log,
                   .snapshots = *log_.snapshots,
                   .readers = readers_,
                   .authorizer = authorizer_,
                   .limits = limits_,
                   .shards = {}};
  for (const auto& shard : shards_) parts.shards.push_back(shard.get());
  rpc::Options options = grpc_options(settings_);
  options.ready = [this] { return unready().empty(); };
  grpc_ = std::make_unique<rpc::Transport>(std::move(parts), std::move(options));
}

void Server::make_threads() {
  std::vector<runtime::Executor*> executors;
  for (std::size_t i = 0; i < thread_count(settings_); ++i) {
    threads_.push_back(std::make_unique<runtime::IoThread>("shard-" + std::to_string(i)));
    executors.push_back(threads_.back().get());
  }
  shards_ = shard::make_shards({.log = *log_.log,
                                .snapshots = *log_.snapshots,
                                .readers = readers_,
                                .random = random_,
                                .authorizer = authorizer_,
                                .encoders = {&native_encoder_, &yjs_encoder_},
                                .cover_merger = cover_merger_,
                                .limits = limits_,
                                .server_version = std::string(version),
                                .durability = settings_.durability,
                                .retentions = retentions_,
                                .snapshot_cache_bytes_max = settings_.snapshots_cache_bytes_max.value},
                               executors);
  keeper_ = std::make_unique<Keeper>(
      Keeper::Parts{.log = *log_.log, .snapshots = *log_.snapshots, .readers = readers_, .shard = *shards_.front()},
      settings_.retention_interval);
  keeper_->start();
  const websocket::Limits limits{.close_wait_max = settings_.limits_close_wait_max,
                                 .server = "weir/" + std::string(version)};
  for (const auto& shard : shards_) connections_.push_back(std::make_unique<websocket::Connections>(*shard, limits));
}

void Server::add_routes() {
  routes_.add("GET", "/healthz",
              [](const http::Request&, const http::Respond& respond) { respond(text_reply(200, "alive")); });
  routes_.add("GET", "/readyz", [this](const http::Request&, const http::Respond& respond) {
    const std::string reason = unready();
    respond(reason.empty() ? text_reply(200, "ready") : text_reply(503, reason));
  });
  routes_.add("GET", "/metrics", [this](const http::Request&, const http::Respond& respond) {
    readers_.submit([this, respond] {
      http::Reply reply;
      reply.content_type = Families::content_type;
      reply.body = metrics();
      respond(std::move(reply));
    });
  });
  store_api_ = std::make_unique<http::StoreApi>(
      http::StoreApi::Parts{.log = *log_.log,
                            .readers = readers_,
                            .authorizer = authorizer_,
                            .delete_document = [this](DocumentPath path, http::StoreApi::DeleteDone done) {
                              shards_.front()->delete_document(std::move(path), std::move(done));
                            }});
  store_api_->add_to(routes_);
  routes_.add("GET", "/v1/sync", [](const http::Request&, const http::Respond& respond) {
    http::Reply reply = http::error_reply(
        426, fail(Code::failed_precondition, "this address speaks WebSocket, with the subprotocol weir.v1"));
    reply.headers.emplace_back("Upgrade", "websocket");
    respond(std::move(reply));
  });
  routes_.fallback(page_reply);
}

Result<http::TakeOver> Server::route_upgrade(const http::UpgradeRequest& request) {
  const std::string& path = request.target.path;
  if (path == "/v1/sync") {
    const auto& offered = request.subprotocols;
    if (std::find(offered.begin(), offered.end(), native_subprotocol) == offered.end()) {
      return fail(Code::invalid_argument,
                  "/v1/sync speaks the subprotocol weir.v1: ask for it in Sec-WebSocket-Protocol");
    }
    return take_over([this] { return std::make_unique<native::NativeDialect>(limits_); },
                     std::string(native_subprotocol));
  }
  if (path.starts_with("/yjs/")) {
    const std::string& query = request.target.query;
    auto target = yjs::parse_target(query.empty() ? path : path + "?" + query);
    if (!target) return target.error();
    return take_over(
        [this, target = std::move(*target)] {
          return std::make_unique<yjs::Dialect>(
              yjs::Dialect::Options{.path = target.path, .token = target.token, .client = "y-websocket"}, limits_);
        },
        {});
  }
  return fail(Code::not_found,
              "no WebSocket is served there. There is /v1/sync, with the subprotocol weir.v1, and "
              "/yjs/<space>/<room> for y-websocket");
}

http::TakeOver Server::take_over(std::function<std::unique_ptr<core::Dialect>()> dialect, std::string subprotocol) {
  return [this, dialect = std::move(dialect), subprotocol = std::move(subprotocol)](http::Upgraded upgraded) {
    connections_[upgraded.thread]->accept({std::move(upgraded.socket), std::move(upgraded.request),
                                           std::move(upgraded.early), std::move(upgraded.slot), dialect(),
                                           subprotocol});
  };
}

std::string Server::unready() const {
  if (!ready_) return "starting or stopping";
  return log_.trouble(*log_.log);
}

std::string Server::metrics() const {
  Families families;
  add_server_metrics(families, {settings_, *door_, grpc_.get(), readers_, threads_.size(), unready().empty()});
  add_shard_metrics(families, shards_);
  add_log_metrics(families, log_, settings_.data);
  add_process_metrics(families);
  return families.text();
}

std::string Server::url() const {
  const auto endpoint = door_->endpoint();
  const auto address = endpoint.address();
  const std::string host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  return "http://" + host + ":" + std::to_string(endpoint.port()) + "/";
}

std::string Server::grpc_address() const {
  if (!grpc_) return "off";
  const auto address = *parse_address(settings_.grpc);
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(grpc_->port());
}

void Server::drain() {
  if (grpc_) grpc_->drain(settings_.drain_wait_max);
  auto left = std::make_shared<std::atomic<std::size_t>>(shards_.size() + 1);
  auto all_left = std::make_shared<std::promise<void>>();
  auto future = all_left->get_future();
  const auto one_left = [left, all_left] {
    if (left->fetch_sub(1) == 1) all_left->set_value();
  };
  door_->drain(one_left);
  for (const auto& shard : shards_) shard->drain("the relay is stopping", settings_.reconnect_after, one_left);
  if (future.wait_for(settings_.drain_wait_max) == std::future_status::timeout) {
    observe::log(observe::Level::warning, "some clients did not leave in time", {});
  }
}

void Server::stop() {
  if (std::exchange(stopped_, true)) return;
  if (ready_.exchange(false)) drain();
  if (grpc_) grpc_->stop();  // its calls need their shards to end
  for (const auto& thread : threads_) thread->stop();
  readers_.stop();
  // Commits what is queued and runs the completions: they post to shards, which therefore still exist.
  log_.log.reset();
}

}  // namespace weir::app
