// load: writers and readers on one relay; how many deltas a second, and how long acknowledgement and delivery take.
//
//   load --writers 10 --readers 10 --size 100 --rate 50 --seconds 10
//
// Each writer and reader is a client of its own. A delta begins with the moment of its publish, so both times are taken
// with one clock, in this process: they hold what this machine does beside the relay.
#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <future>
#include <memory>
#include <semaphore>
#include <thread>

#include "latencies.hpp"
#include "weir/client/client.hpp"

namespace {

using namespace std::chrono_literals;
using weir::Result;
using weir::client::Client;
using weir::client::Document;
using weir::client::RecordsRead;
using weir::client::Settled;
using Clock = std::chrono::steady_clock;

constexpr std::ptrdiff_t unanswered_max = 1000;  // of a writer: more wait here, not in its outbox

struct Options {
  std::string address = "127.0.0.1:8788";
  std::string space = "load";
  std::string document = "load";
  std::size_t writers = 1;
  std::size_t readers = 1;
  std::size_t payload_bytes = 100;
  double rate = 0;
  double seconds = 5;
};

[[noreturn]] void give_up(const weir::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  std::_Exit(1);  // other threads are at work; a measurement that lost something is worth nothing
}

std::int64_t now_ns() { return std::chrono::nanoseconds(Clock::now().time_since_epoch()).count(); }

std::chrono::nanoseconds age(std::string_view payload) {
  std::int64_t sent_ns = 0;
  if (payload.size() >= sizeof sent_ns) std::memcpy(&sent_ns, payload.data(), sizeof sent_ns);
  return std::chrono::nanoseconds(now_ns() - sent_ns);
}

/// A client with one open document, live only, so that what older runs left is not counted.
class Peer {
 public:
  Peer(const Options& options, std::function<void(const RecordsRead&)> on_records)
      : client_({.address = options.address}), document_(open(options, std::move(on_records))) {}

  [[nodiscard]] Document& document() { return document_; }
  void wait(Result<void> (Document::*condition)(weir::client::WhenSettled)) {
    const auto answer = std::make_shared<std::promise<Settled>>();
    const Result<void> taken = (document_.*condition)([answer](const Settled& settled) { answer->set_value(settled); });
    if (!taken) give_up(taken.error());
    if (const Settled settled = answer->get_future().get(); settled.error) give_up(settled.error->error);
  }

 private:
  Document open(const Options& options, std::function<void(const RecordsRead&)> on_records) {
    Result<Document> document = client_.subscribe(
        {options.space, options.document},
        {.on_records = std::move(on_records), .on_error = [](const auto& failed) { give_up(failed.error.error); }},
        {.live_only = true});
    if (!document) give_up(document.error());
    return *document;
  }

  Client client_;
  Document document_;
};

class Writer {
 public:
  explicit Writer(const Options& options) : options_(options), peer_(options, {}) {}

  void wait_until_caught_up() { peer_.wait(&Document::when_caught_up); }
  /// Until `end`, at the rate asked for, or as fast as answers come.
  void write(Clock::time_point begin, Clock::time_point end) {
    std::string payload(std::max(options_.payload_bytes, sizeof(std::int64_t)), 'x');
    for (std::size_t i = 0; Clock::now() < end; ++i) {
      if (options_.rate > 0) {
        const auto due = begin + std::chrono::duration_cast<Clock::duration>(
                                     std::chrono::duration<double>(static_cast<double>(i) / options_.rate));
        if (due >= end) break;
        std::this_thread::sleep_until(due);
      }
      room_.acquire();
      const std::int64_t sent_ns = now_ns();
      std::memcpy(payload.data(), &sent_ns, sizeof sent_ns);
      const Result<void> taken = peer_.document().publish(payload, [this, sent_ns](const Settled& settled) {
        if (settled.error) give_up(settled.error->error);
        acknowledged_.add(std::chrono::nanoseconds(now_ns() - sent_ns));
        room_.release();
      });
      if (!taken) give_up(taken.error());
    }
    peer_.wait(&Document::when_stored);
  }
  [[nodiscard]] const Latencies& acknowledged() const { return acknowledged_; }

 private:
  const Options& options_;
  std::counting_semaphore<unanswered_max> room_{unanswered_max};
  Latencies acknowledged_;
  Peer peer_;  // last: its thread ends before what its callbacks use
};

class Reader {
 public:
  explicit Reader(const Options& options) : peer_(options, [this](const RecordsRead& read) { take(read); }) {}

  void wait_until_caught_up() { peer_.wait(&Document::when_caught_up); }
  void wait_until_read(std::size_t count) const {
    for (std::size_t read = read_; read < count; read = read_) read_.wait(read);
  }
  [[nodiscard]] const Latencies& delivered() const { return delivered_; }

 private:
  void take(const RecordsRead& read) {
    for (const auto& entry : read.records) delivered_.add(age(entry.record.payload.view()));
    read_ += read.records.size();
    read_.notify_all();
  }

  Latencies delivered_;
  std::atomic<std::size_t> read_ = 0;
  Peer peer_;
};

void run(const Options& options) {
  std::vector<std::unique_ptr<Reader>> readers;
  for (std::size_t i = 0; i < options.readers; ++i) readers.push_back(std::make_unique<Reader>(options));
  std::vector<std::unique_ptr<Writer>> writers;
  for (std::size_t i = 0; i < options.writers; ++i) writers.push_back(std::make_unique<Writer>(options));
  for (const auto& reader : readers) reader->wait_until_caught_up();
  for (const auto& writer : writers) writer->wait_until_caught_up();

  const Clock::time_point begin = Clock::now();
  const auto end = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds));
  std::vector<std::thread> threads;
  for (const auto& writer : writers) threads.emplace_back([&] { writer->write(begin, end); });
  for (std::thread& thread : threads) thread.join();

  Latencies acknowledged;
  for (const auto& writer : writers) acknowledged.add(writer->acknowledged());
  for (const auto& reader : readers) reader->wait_until_read(acknowledged.count());
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  Latencies delivered;
  for (const auto& reader : readers) delivered.add(reader->delivered());

  const auto tell = [seconds](const char* what, const Latencies& times) {
    std::printf("%-12s %10zu  %9.0f/s   p50 %8.2f ms   p90 %8.2f ms   p99 %8.2f ms   max %8.2f ms\n", what,
                times.count(), static_cast<double>(times.count()) / seconds, times.percentile_ms(50),
                times.percentile_ms(90), times.percentile_ms(99), times.percentile_ms(100));
  };
  tell("acknowledged", acknowledged);
  if (!readers.empty()) tell("delivered", delivered);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Writers and readers on one document of a relay: deltas a second, and how long they take.");
  Options options;
  app.add_option("--relay", options.address, "host:port of the relay's gRPC door")->capture_default_str();
  app.add_option("--space", options.space)->capture_default_str();
  app.add_option("--document", options.document)->capture_default_str();
  app.add_option("--writers", options.writers)->capture_default_str()->check(CLI::Range(1, 10'000));
  app.add_option("--readers", options.readers)->capture_default_str()->check(CLI::Range(0, 10'000));
  app.add_option("--size", options.payload_bytes, "of a delta, in bytes; at least 8")->capture_default_str();
  app.add_option("--rate", options.rate, "deltas a second of each writer; 0: as fast as it is acknowledged")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--seconds", options.seconds)->capture_default_str()->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  run(options);
}
