// y-websocket, as a client with an empty document speaks it: SyncStep1 on opening, an answer to every SyncStep1, one
// update a frame. The echo of an author's own update is taken as its ack.
//
//   00 00 vb(SV) SyncStep1    00 01 vb(update) SyncStep2    00 02 vb(update) Update    01 vb(...) Awareness
#include "client.hpp"
#include "failure.hpp"
#include "weir/frames/wire_reader.hpp"
#include "weir/frames/wire_writer.hpp"

namespace weir::bench {
namespace {

using namespace std::string_view_literals;

class YjsClient final : public Client {
 public:
  YjsClient(Network& network, const Place& place, Document& document, std::size_t subscriber)
      : Client(document, subscriber) {
    connect(network, {place.port, place.path + place.document, ""});
  }

  void opened() override {
    connection().send("\x00\x00\x01\x00"sv);
    connection().flush();
  }

  void message(std::string_view message) override {
    if (message.size() < 2 || message[0] != 0) return;  // awareness
    switch (message[1]) {
      case 0:
        connection().send("\x00\x01\x02\x00\x00"sv);  // nothing that the server lacks
        connection().flush();
        break;
      case 1: ready_ = true; break;
      case 2: update(message.substr(2)); break;
      default: break;
    }
  }

 protected:
  void send_updates(std::uint64_t first, std::size_t count) override {
    for (std::uint64_t position = first; position < first + count; ++position) {
      const std::string_view update = document_.update(position);
      head_.assign("\x00\x02"sv);
      frames::StringSink(head_).varint(update.size());
      connection().send(head_, update);
    }
  }

 private:
  void update(std::string_view bytes) {
    std::uint64_t length = 0;
    if (!frames::WireReader::take_varint(bytes, length) || length != bytes.size()) fail("a malformed update came");
    if (!is_author()) return document_.arrived(subscriber_, document_.expected(subscriber_), bytes, now_);
    const std::uint64_t position = document_.acknowledged() + 1;
    if (bytes != document_.update(position)) fail("an author's echo differs from what it sent");
    document_.acknowledged(position, now_);
  }

  std::string head_;
};

}  // namespace

std::unique_ptr<Client> make_yjs_client(Network& network, const Place& place, Document& document,
                                        std::size_t subscriber) {
  return std::make_unique<YjsClient>(network, place, document, subscriber);
}

}  // namespace weir::bench
