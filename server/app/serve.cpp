#include "weir/app/serve.hpp"

#include <malloc.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>

#include "weir/app/server.hpp"
#include "weir/app/version.hpp"
#include "weir/observe/log.hpp"

namespace weir::app {

namespace {

using observe::Level;

void configure_log(const config::Settings& settings) {
  Level level = Level::info;
  if (settings.log_level == "debug") level = Level::debug;
  if (settings.log_level == "warning") level = Level::warning;
  if (settings.log_level == "error") level = Level::error;
  observe::configure(
      {.least = level, .format = settings.log_format == "json" ? observe::Format::json : observe::Format::text});
}

/// One descriptor a connection: take what the system lets us have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// Pages of the log, payloads and parts of snapshots are allocated on one thread and freed on another. Left to itself,
/// glibc takes each freed large block for a sign that more will come: from then on it puts such blocks into the arenas
/// of the threads, and keeps twice as much of each arena before anything goes back to the system. With many who read a
/// large document that is hundreds of megabytes of nothing. Lower bounds than these cost more in page faults.
void give_free_memory_back() {
#ifdef __GLIBC__
  constexpr int own_mapping_bytes_min = 1 << 20;
  constexpr int kept_of_arena_bytes_max = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, own_mapping_bytes_min);
  mallopt(M_TRIM_THRESHOLD, kept_of_arena_bytes_max);
#endif
}

void print_addresses(const Server& server) {
  const std::string url = server.url();
  const std::string authority = url.substr(url.find("//"));
  std::printf(
      "weir %s\n"
      "  page         %s\n"
      "  native       ws:%sv1/sync              (subprotocol weir.v1)\n"
      "  y-websocket  ws:%syjs/<space>/<room>\n"
      "  data         %sv1/spaces\n"
      "  gRPC         %s\n"
      "Stop it with Ctrl-C.\n",
      std::string(version).c_str(), url.c_str(), authority.c_str(), authority.c_str(), url.c_str(),
      server.grpc_address().c_str());
  std::fflush(stdout);
}

}  // namespace

int serve(const config::Settings& settings) {
  configure_log(settings);
  give_free_memory_back();
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  boost::asio::io_context context(1);
  boost::asio::signal_set signals(context, SIGINT, SIGTERM);  // before any thread, so that none is missed
  auto server = Server::start(settings);
  if (!server) {
    std::fprintf(stderr, "weir: %s\n", server.error().message.c_str());
    return 1;
  }
  observe::log(Level::info, "listening",
               {{"http", (*server)->url()}, {"grpc", (*server)->grpc_address()}, {"version", version}});
  print_addresses(**server);
  int caught = 0;
  signals.async_wait([&caught](boost::system::error_code, int signal) { caught = signal; });
  context.run();
  // The next one has its usual effect: the process ends at once.
  boost::system::error_code ignored;
  signals.clear(ignored);
  observe::log(Level::info, "stopping", {{"signal", static_cast<std::uint64_t>(caught)}});
  (*server)->stop();
  observe::log(Level::info, "stopped");
  return 0;
}

}  // namespace weir::app
