// weir.v1, over a WebSocket or gRPC: hello and subscribe at once, then publish; stored is the ack.
//
// Events other than records are few and go through the codec. Records are what the load consists of, so they are walked
// in place with the codec's own reader: the generator must not be what is measured.
#include <algorithm>
#include <fstream>
#include <variant>

#include "client.hpp"
#include "failure.hpp"
#include "weir/frames/codec.hpp"
#include "weir/frames/wire_reader.hpp"

namespace weir::bench {
namespace {

using frames::bytes_key;
using frames::varint_key;
using frames::WireReader;

/// What a client that types as fast as it may puts into one publish.
constexpr std::size_t deltas_per_publish_max = 64;

ProducerId random_producer() {
  std::ifstream random("/dev/urandom", std::ios::binary);
  ProducerId id;
  random.read(reinterpret_cast<char*>(id.bytes.data()), static_cast<std::streamsize>(id.bytes.size()));
  if (!random) fail("cannot read /dev/urandom");
  return id;
}

template <class Kind>
Kind name_of(const std::string& text) {
  const Result<Kind> name = Kind::parse(text);
  if (!name) fail(name.error().message);
  return *name;
}

class NativeClient final : public Client {
 public:
  NativeClient(Network& network, const Target& target, const Place& place, Document& document, std::size_t subscriber)
      : Client(document, subscriber), path_{name_of<SpaceName>(place.space), name_of<DocumentName>(place.document)} {
    connect(network, target);
  }

  void opened() override {
    frames::Hello hello;
    hello.protocol_version = frames::protocol_version;
    hello.producer = random_producer();
    hello.client = "weir_bench";
    frames::Subscribe subscribe;
    subscribe.request = 1;
    subscribe.path = path_;
    std::string out;
    frames::encode(frames::ClientEvent(std::move(hello)), out);
    frames::encode(frames::ClientEvent(std::move(subscribe)), out);
    connection().send(out);
    connection().flush();
  }

  void message(std::string_view message) override {
    WireReader frame(message);
    const char* begin = message.data();
    while (frame.next()) {
      const char* const end = frame.bytes().data() + frame.bytes().size();
      if (frame.key() != bytes_key(1)) fail("the server sent a frame of an unknown kind");
      WireReader event(frame.bytes());
      if (event.next() && event.key() == bytes_key(3)) {
        if (!is_author()) records(event.bytes());
      } else {
        other({begin, static_cast<std::size_t>(end - begin)});
      }
      begin = end;
    }
    if (!frame.ok()) fail("the server sent what is no frame");
  }

 protected:
  void send_updates(std::uint64_t first, std::size_t count) override {
    while (count > 0) {
      const std::size_t part = std::min(count, deltas_per_publish_max);
      frames::Publish publish;
      publish.document = handle_;
      publish.epoch = epoch_;
      publish.first_sequence = {first};
      publish.deltas.reserve(part);
      for (std::size_t i = 0; i < part; ++i) {
        publish.deltas.push_back({Codec{}, SharedBytes(nullptr, document_.update(first + i))});
      }
      out_.clear();
      frames::encode(frames::ClientEvent(std::move(publish)), out_);
      connection().send(out_);
      first += part;
      count -= part;
    }
  }

 private:
  void records(std::string_view bytes) {
    WireReader records(bytes);
    while (records.next()) {
      if (records.key() == bytes_key(2)) run(records.bytes());
    }
  }

  void run(std::string_view bytes) {
    std::uint64_t sequence = 0;
    WireReader run(bytes);
    while (run.next()) {
      if (run.key() == varint_key(2)) sequence = run.value();
      if (run.key() == bytes_key(7)) delta(sequence++, run.bytes());
    }
  }

  void delta(std::uint64_t sequence, std::string_view bytes) {
    WireReader delta(bytes);
    while (delta.next()) {
      if (delta.key() == bytes_key(2)) document_.arrived(subscriber_, sequence, delta.bytes(), now_);
    }
  }

  void other(std::string_view bytes) {
    const auto events = frames::decode_server_frame(SharedBytes(nullptr, bytes));
    if (!events) fail("the server sent what is no frame: " + events.error().message);
    for (const auto& event : *events) {
      std::visit([this](const auto& each) { on(each); }, event);
    }
  }

  void on(const frames::Subscribed& subscribed) {
    handle_ = subscribed.document;
    epoch_ = subscribed.epoch;
  }
  void on(const frames::CaughtUp&) { ready_ = true; }
  void on(const frames::Stored& stored) { document_.acknowledged(stored.through_sequence.value, now_); }
  void on(const frames::ErrorEvent& error) { fail("the server answers: " + error.error.message); }
  void on(const frames::Ping& ping) {
    out_.clear();
    frames::encode(frames::ClientEvent(frames::Pong{ping.nonce}), out_);
    connection().send(out_);
    connection().flush();
  }
  template <class Event>
  void on(const Event&) {}

  DocumentPath path_;
  DocumentHandle handle_;
  Epoch epoch_;
  std::string out_;
};

}  // namespace

std::unique_ptr<Client> make_native_client(Network& network, const Target& target, const Place& place,
                                           Document& document, std::size_t subscriber) {
  return std::make_unique<NativeClient>(network, target, place, document, subscriber);
}

}  // namespace weir::bench
